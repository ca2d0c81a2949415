import type { RoiConfig } from "../../config/types.js";
import { createDemoLine, createDemoStream } from "../../models/demo-line/index.js";
import type { Size } from "../types.js";
import type { FrameSource } from "./frame-source.js";
import { cutRegion, scaledWhole } from "./region.js";

/** A stream of drawn pictures, without end. */
export interface DemoFrames {
  next(): { readonly pixels: Uint8Array<ArrayBuffer> };
}

export type OpenDemoFrames = (size: Size) => DemoFrames;

/** Pictures of the line that the shipped bundle has learned. */
export const shippedDemoFrames: OpenDemoFrames = (size) =>
  createDemoStream({ line: createDemoLine(), size, spellEvery: 3 });

export interface DemoOptions {
  readonly input: Size;
  readonly roi: RoiConfig;
  readonly openFrames: OpenDemoFrames;
}

/** The synthetic production line as a camera. A restart goes on where it was: a belt does not run back. */
export function createDemoSource({ input, roi, openFrames }: DemoOptions): FrameSource {
  const native = scaledWhole(input, roi);
  let frames: DemoFrames | undefined;
  let running = false;
  return {
    start() {
      running = true;
    },
    async grab() {
      // One turn of the event loop for each picture: drawing must not starve what else waits for this thread.
      await new Promise((resolve) => setImmediate(resolve));
      if (!running) return { kind: "lost", reason: "stopped" };
      frames ??= openFrames(native);
      return { kind: "picture", pixels: cutRegion(frames.next().pixels, input, roi), native, missed: 0 };
    },
    answered: () => true,
    stop() {
      running = false;
      return Promise.resolve();
    },
  };
}
