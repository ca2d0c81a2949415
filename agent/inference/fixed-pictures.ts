import type { Size } from "../types.js";
import type { ComparedPicture } from "./difference.js";

/** Grey levels between which the pictures' patterns lie, and how many of their waves a side has. */
const PATTERNS = [
  { dark: 20, light: 120, waves: 2 },
  { dark: 60, light: 200, waves: 5 },
  { dark: 100, light: 250, waves: 11 },
  { dark: 0, light: 255, waves: 23 },
] as const;

/** Numbers drawn in a turn of the event loop: some milliseconds. */
const A_TURN = 65_536;

/** Pictures that are the same at each start, for models without others: waves of four lengths, colours out of step, under a fixed noise. */
export async function* fixedPictures({ width, height }: Size): AsyncIterable<ComparedPicture> {
  for (const [index, { dark, light, waves }] of PATTERNS.entries()) {
    const pixels = new Uint8Array(width * height * 3);
    let noise = index + 1;
    for (let at = 0; at < pixels.length; at += 1) {
      // Drawing must never starve what else waits for this thread.
      if (at % A_TURN === A_TURN - 1) await new Promise((resolve) => setImmediate(resolve));
      const [colour, place] = [at % 3, Math.floor(at / 3)];
      const phase = ((place % width) / width + (Math.floor(place / width) / height) * (colour + 1)) * waves;
      // Numerical Recipes' generator of 32 bits.
      noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) >>> 0;
      const wave = (Math.sin(2 * Math.PI * phase) + 1) / 2;
      pixels[at] = dark + (light - dark) * (0.8 * wave + (0.2 * noise) / 2 ** 32);
    }
    yield { bad: null, pixels };
  }
}
