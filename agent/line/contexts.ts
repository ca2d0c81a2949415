import { type MonoTypeOperatorFunction, map } from "rxjs";
import { CodedError } from "../../errors.js";
import type { CameraContext } from "../contract/inbound.js";
import type { CameraEvent, Context } from "../types.js";

/** What the line's control said last, by camera. */
export interface ContextBook {
  hear(said: CameraContext): void;
  of(camera: string): Context | null;
}

/** A context for a camera that does not exist is reported once for each name, and for so many names. */
const MOST_STRANGERS = 100;

/** @param onTrouble is given the first context for each camera that is not configured */
export function contextBook(cameras: readonly string[], onTrouble: (fault: CodedError) => void): ContextBook {
  const latest = new Map<string, Context | null>(cameras.map((camera) => [camera, null]));
  const strangers = new Set<string>();
  return {
    hear({ camera, context }) {
      if (latest.has(camera)) {
        latest.set(camera, context);
        return;
      }
      if (strangers.has(camera) || strangers.size >= MOST_STRANGERS) return;
      strangers.add(camera);
      onTrouble(
        new CodedError("CONTEXT_CAMERA_UNKNOWN", `a context for ${camera}, which is no camera of this agent`, {
          at: `${camera}/context`,
          remedy: `Publish to one of: ${cameras.join(", ")}.`,
        }),
      );
    },
    of: (camera) => latest.get(camera) ?? null,
  };
}

/**
 * Gives each frame the context in force when it arrives: one that comes while the frame is being judged belongs to the
 * part that follows.
 */
export function joinContext(context: () => Context | null): MonoTypeOperatorFunction<CameraEvent> {
  return map((event) => {
    if (event.kind !== "frame") return event;
    const latest = context();
    return latest === null ? event : { ...event, frame: { ...event.frame, context: latest } };
  });
}
