import type { Frame, Size } from "../../agent/types.js";

/** A frame of one grey level. */
export function greyFrame(level: number, size: Size = { width: 16, height: 16 }, rest: Partial<Frame> = {}): Frame {
  return {
    camera: "cam1",
    number: 1,
    pixels: new Uint8Array(size.width * size.height * 3).fill(level),
    size,
    view: { x: 0, y: 0, ...size },
    capturedAtMs: 1_700_000_000_000,
    availableAtMs: 0,
    captureMs: 0,
    ...rest,
  };
}

/** A frame with one square of another level, top left at `x`, `y`. */
export function spottedFrame(
  spot: { x: number; y: number; side: number; level: number },
  rest: Partial<Frame> = {},
): Frame {
  const frame = greyFrame(0, undefined, rest);
  for (let y = spot.y; y < spot.y + spot.side; y += 1) {
    for (let x = spot.x; x < spot.x + spot.side; x += 1) {
      frame.pixels.fill(spot.level, (y * frame.size.width + x) * 3, (y * frame.size.width + x) * 3 + 3);
    }
  }
  return frame;
}
