import type { Frame } from "../types.js";

/** A picture that no camera has captured, as a frame that shows nothing else. @param number of those of this name, from 1 */
export function pictureFrame(camera: string, { pixels, size }: Pick<Frame, "pixels" | "size">, number = 1): Frame {
  const view = { x: 0, y: 0, ...size };
  const capturedAtMs = Date.now();
  return { camera, number, pixels, size, view, capturedAtMs, availableAtMs: performance.now(), captureMs: 0 };
}
