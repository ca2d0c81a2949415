/** An anomaly map laid over its picture. */

/**
 * A copy of a picture, tinted where the map exceeds `low`, from blue-green over yellow to red at `high`.
 * @param pixels RGB, uint8 [height, width, 3]
 * @param map float32 [height, width]
 */
export function overlayHeat(pixels: Uint8Array, map: Float32Array, low: number, high: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(pixels);
  const scale = high > low ? 1 / (high - low) : 0;
  for (let i = 0; i < map.length; i += 1) {
    const heat = Math.min(1, Math.max(0, (map[i]! - low) * scale));
    if (!(heat > 0)) continue;
    const share = 0.15 + 0.5 * heat;
    blend(out, 3 * i, share, 255 * ramp(heat, 0.75));
    blend(out, 3 * i + 1, share, 255 * ramp(heat, 0.5));
    blend(out, 3 * i + 2, share, 255 * ramp(heat, 0.25));
  }
  return out;
}

function blend(out: Uint8Array, at: number, share: number, colour: number): void {
  out[at] = (1 - share) * out[at]! + share * colour;
}

/** One channel of the "jet" scale: a trapezoid around `centre`. */
function ramp(value: number, centre: number): number {
  return Math.min(1, Math.max(0, 1.5 - 4 * Math.abs(value - centre)));
}
