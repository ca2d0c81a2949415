import type { Frame, Inspection, Size } from "../../agent/types.js";

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

/** What the tiny model would make of a frame: the map is the first channel / 255, the score its maximum. */
export function inspectionOf(frame: Frame, rest: Partial<Inspection> = {}): Inspection {
  const { width, height } = frame.size;
  const map = Float32Array.from({ length: width * height }, (_, at) => frame.pixels[at * 3]! / 255);
  const model = { name: "tiny", version: "1.0.0", sha256: "0".repeat(64), provider: "cpu" };
  const score = map.reduce((a, b) => Math.max(a, b));
  return { frame, score, map, model, queueMs: 0, inferenceMs: 1, ...rest };
}
