import type { FrameSource, Grab } from "../../agent/capture/frame-source.js";
import type { Size } from "../../agent/types.js";

export interface FakeSource extends FrameSource {
  /** Pictures asked for so far. */
  readonly asked: () => number;
  readonly starts: () => number;
  readonly running: () => boolean;
}

/**
 * A source that follows a script, one entry a grab: a picture, a loss, an end, or silence (a grab that stays pending until
 * the source is stopped). After the script it is silent.
 */
export function fakeSource(input: Size, script: readonly (Grab["kind"] | "silence")[]): FakeSource {
  let at = 0;
  let starts = 0;
  let running = false;
  let release: (() => void) | null = null;
  return {
    start() {
      starts += 1;
      running = true;
    },
    async grab(): Promise<Grab> {
      if (!running) return { kind: "lost", reason: "stopped" };
      const next = script[at] ?? "silence";
      at += 1;
      switch (next) {
        case "picture":
          return { kind: "picture", pixels: new Uint8Array(input.width * input.height * 3), native: input, missed: 0 };
        case "lost":
          return { kind: "lost", reason: "pulled out" };
        case "ended":
          return { kind: "ended" };
        case "unreadable":
          return { kind: "unreadable", code: "IMAGE_UNREADABLE", reason: "cut off", origin: "a.png" };
        case "silence":
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          return { kind: "lost", reason: "stopped" };
      }
    },
    answered: () => false,
    async stop() {
      running = false;
      release?.();
    },
    asked: () => at,
    starts: () => starts,
    running: () => running,
  };
}
