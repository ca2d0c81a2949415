import { type MonoTypeOperatorFunction, map } from "rxjs";
import { CodedError } from "../../errors.js";
import type { CameraContext } from "../contract/inbound.js";
import { contextAckPayload } from "../contract/part-payloads.js";
import { topics } from "../contract/topics.js";
import { nameIn } from "../parts/part.js";
import type { CameraEvent, Context, Message } from "../types.js";

/** What the line's control said last, by camera. */
export interface PartContexts {
  /** @returns the number of the first frame that it is in force for; null where there is no such camera, or too many frames are named ahead */
  hear(said: CameraContext): number | null;
  /** The number of the camera's next frame. */
  next(camera: string): number;
  /** The context in force for a picture that has just come, read or not. @param frame its number */
  of(camera: string, frame: number): Context | null;
}

/** What was said of one camera. */
interface Said {
  /** In force for the frames from a number on, the latest last. */
  said: readonly { readonly context: Context | null; readonly fromFrame: number }[];
  /** The number of the frame that comes next. */
  next: number;
  /** Whether the latest one was refused. */
  isFull: boolean;
}

/** Contexts of frames that are yet to come, of one camera. */
const MOST_AHEAD = 100;

/** A context for a camera that does not exist is reported once for each name, and for so many names. */
const MOST_STRANGERS = 100;

/** @param onTrouble is given the first context for each camera that is not configured, and the first of each row that finds no room */
export function partContexts(cameras: readonly string[], onTrouble: (fault: CodedError) => void): PartContexts {
  const pages = new Map(cameras.map((camera): [string, Said] => [camera, { said: [], next: 1, isFull: false }]));
  const strangers = new Set<string>();
  return {
    hear({ camera, context }) {
      const page = pages.get(camera);
      if (page !== undefined) {
        const fromFrame = Math.max(page.next, fromFrameIn(context));
        const before = page.said.filter((each) => each.fromFrame < fromFrame);
        // Beside those ahead there is the one in force. None gives way: its frame would be taken for another part's.
        const isFull = before.length > MOST_AHEAD;
        if (isFull && !page.isFull) onTrouble(tooMany(camera, fromFrame));
        page.isFull = isFull;
        if (isFull) return null;
        page.said = [...before, { context, fromFrame }];
        return fromFrame;
      }
      if (strangers.has(camera) || strangers.size >= MOST_STRANGERS) return null;
      strangers.add(camera);
      onTrouble(
        new CodedError("CONTEXT_CAMERA_UNKNOWN", `a context for ${camera}, which is no camera of this agent`, {
          at: `${camera}/context`,
          remedy: `Publish to one of: ${cameras.join(", ")}.`,
        }),
      );
      return null;
    },
    next: (camera) => pages.get(camera)?.next ?? 1,
    of(camera, frame) {
      const page = pages.get(camera);
      if (page === undefined) return null;
      page.next = frame + 1;
      const inForce = page.said.findLast(({ fromFrame }) => fromFrame <= frame);
      if (inForce !== undefined) page.said = page.said.slice(page.said.indexOf(inForce));
      return inForce?.context ?? null;
    },
  };
}

function tooMany(camera: string, fromFrame: number): CodedError {
  const message = `the context for ${camera} from frame ${fromFrame} on is not taken: ${MOST_AHEAD} are named ahead`;
  return new CodedError("CONTEXT_TOO_MANY", message, { at: `${camera}/context` });
}

/** From which frame on the control wants its context to be in force; 0 where it does not say. */
function fromFrameIn(context: Context | null): number {
  const fromFrame = context?.fromFrame;
  return typeof fromFrame === "number" && Number.isSafeInteger(fromFrame) ? fromFrame : 0;
}

/**
 * Gives each picture, read or not, the context in force when it arrives: one that comes while it is being judged belongs to the
 * part that follows.
 */
export function joinContext(context: (frame: number) => Context | null): MonoTypeOperatorFunction<CameraEvent> {
  return map((event) => {
    if (event.kind !== "frame" && event.kind !== "failed") return event;
    const { number, context: own } = event.kind === "frame" ? event.frame : event;
    const latest = number === undefined ? null : context(number);
    // An inspection brought its own.
    if (latest === null || own !== undefined) return event;
    return event.kind === "frame"
      ? { ...event, frame: { ...event.frame, context: latest } }
      : { ...event, context: latest };
  });
}

/** What says that a context is in force; null where the control did not name it by an `id`. */
export function contextAck({ camera, context }: CameraContext, fromFrame: number, nowMs: number): Message | null {
  const id = context?.id;
  if (typeof id !== "string" || id === "" || id.length > 128) return null;
  const payload = contextAckPayload(id, { part: nameIn(context), fromFrame, nowMs });
  return { topic: topics.contextAck(camera), payload, qos: 1, retain: false };
}
