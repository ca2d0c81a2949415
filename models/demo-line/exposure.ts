import type { Strip } from "./strip.js";
import type { Light, Size } from "./types.js";

/**
 * A frame as the sensor takes it: the window of the strip that starts at column `offset`, under this light, with noise.
 * @param noise deviation 1; read from `noiseAt` on, and from the start again at its end
 * @returns RGB, uint8 [height, width, 3], in memory of its own
 */
export function expose(
  strip: Strip,
  frame: Size,
  offset: number,
  light: Light,
  noise: Float32Array,
  noiseAt: number,
): Uint8Array<ArrayBuffer> {
  const { width, height } = frame;
  const pixels = new Uint8Array(width * height * 3);
  const stepX = (light.gain * light.tiltX) / width;
  const stepY = (light.gain * light.tiltY) / height;
  let grain = noiseAt % noise.length;
  let to = 0;
  for (let y = 0; y < height; y += 1) {
    let from = 3 * (y * strip.size.width + offset);
    let gain = light.gain + stepY * (y - height / 2) - (stepX * width) / 2;
    for (let x = 0; x < width; x += 1) {
      for (let c = 0; c < 3; c += 1) {
        const level = gain * strip.pixels[from + c]! + light.noise * noise[grain]! + 0.5;
        pixels[to + c] = Math.min(255, Math.max(0, level));
        grain = grain + 1 === noise.length ? 0 : grain + 1;
      }
      from += 3;
      to += 3;
      gain += stepX;
    }
  }
  return pixels;
}
