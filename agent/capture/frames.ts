import type { CameraConfig } from "../../config/types.js";
import type { CameraEvent, Frame, Rect, Size } from "../types.js";
import type { Played } from "./play.js";
import { cutView, viewOf } from "./region.js";

/** A failed attempt, with what can be done about it. */
export interface Lost {
  readonly kind: "lost";
  readonly reason: string;
}

export interface FrameClocks {
  /** Epoch milliseconds. */
  readonly wallMs: () => number;
  readonly monotonicMs: () => number;
}

/** Turns what a source yields into a camera's events: numbers the frames, reports each change of condition once. */
export function createFrames(
  camera: CameraConfig,
  input: Size,
  { wallMs, monotonicMs }: FrameClocks,
): (played: Played | Lost) => readonly CameraEvent[] {
  const { id, roi } = camera;
  let number = 0;
  let reported = "";

  type Condition = Extract<CameraEvent, { kind: "condition" }>["condition"];
  function changed(condition: Condition, reason: string | null): readonly CameraEvent[] {
    const now = `${condition} ${reason}`;
    if (reported === now) return [];
    reported = now;
    return [{ kind: "condition", camera: id, condition, reason }];
  }

  return (played) => {
    switch (played.kind) {
      case "lost":
        return changed("no-signal", played.reason);
      case "silent":
        return changed("idle", played.reason);
      case "unreadable": {
        const { code, reason, origin } = played;
        return [{ kind: "failed", camera: id, code, reason, ...(origin === undefined ? {} : { file: origin }) }];
      }
      case "picture": {
        number += 1;
        const view = viewOf(roi, played.native);
        const availableAtMs = monotonicMs();
        const captureMs = Math.max(0, availableAtMs - (played.takenAtMs ?? availableAtMs));
        const frame: CameraEvent = {
          kind: "frame",
          camera: id,
          frame: {
            camera: id,
            number,
            pixels: played.pixels,
            size: input,
            view,
            capturedAtMs: wallMs() - Math.round(captureMs),
            availableAtMs,
            captureMs,
            ...(played.origin === undefined ? {} : { file: played.origin }),
            ...originalOf(played, view),
          },
        };
        const { missed } = played;
        const dropped: readonly CameraEvent[] =
          missed > 0 ? [{ kind: "dropped", camera: id, reason: "newer-frame", count: missed }] : [];
        return [...dropped, ...changed("delivering", null), frame];
      }
    }
  };
}

/** A camera that turned another size between the frame and the question has no original of that frame. */
function originalOf({ original, native }: Extract<Played, { kind: "picture" }>, view: Rect): Pick<Frame, "original"> {
  if (original === undefined) return {};
  return {
    original: async () => {
      const whole = await original();
      const isSame = whole?.size.width === native.width && whole.size.height === native.height;
      return isSame ? cutView(whole, view) : null;
    },
  };
}
