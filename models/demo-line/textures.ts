/** Tables of texture, made once a line and looked up for every pixel. */
import { createRandom } from "../random.js";

const SIDE = 256;

export interface Textures {
  /** Levels of the belt's rubber at a place in points; repeats every 256. */
  belt(x: number, y: number): number;
  /** Brushing, about -1 to 1, along u; `grain` picks the part's own. */
  brush(u: number, v: number, grain: number): number;
  /** Sensor noise of deviation 1, about 65,000 values to walk through. */
  readonly noise: Float32Array;
}

export function makeTextures(seed: number): Textures {
  const random = createRandom(seed);
  const belt = new Float32Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y += 1)
    for (let x = 0; x < SIDE; x += 1) {
      // Twill: short diagonal ridges, each row of them set off from the last.
      const ridge = Math.cos((2 * Math.PI * (x + 2 * y)) / 16) * Math.cos((2 * Math.PI * (2 * x - y)) / 32);
      belt[y * SIDE + x] = 7 * ridge + 3.5 * random.normal();
    }
  smear(belt, 1);

  const streaks = new Float32Array(4096);
  for (let i = 0; i < streaks.length; i += 1) streaks[i] = random.normal();
  const patches = new Float32Array(4096);
  for (let i = 0; i < patches.length; i += 1) patches[i] = random.normal();
  const noise = new Float32Array(65521);
  for (let i = 0; i < noise.length; i += 1) noise[i] = random.normal();

  return {
    noise,
    belt: (x, y) => belt[(Math.floor(y) & 255) * SIDE + (Math.floor(x) & 255)]!,
    brush: (u, v, grain) => {
      // Long streaks, each row its own, and shorter ones that come and go along the row.
      const row = Math.floor((v + 128) * 1.3);
      const along = (u + 256) / 28 + row * 0.37;
      const cell = Math.floor(along);
      const share = along - cell;
      const key = (row * 57 + cell + grain) & 4095;
      const patch = patches[key]! * (1 - share) + patches[(key + 1) & 4095]! * share;
      return 0.55 * streaks[(row + grain) & 4095]! + 0.6 * patch;
    },
  };
}

/** A small blur that wraps around, so that the tile has no seams. */
function smear(tile: Float32Array, times: number): void {
  for (let pass = 0; pass < times; pass += 1) {
    const before = tile.slice();
    for (let i = 0; i < tile.length; i += 1) {
      const next = before[(i + 1) % tile.length]!;
      const under = before[(i + SIDE) % tile.length]!;
      tile[i] = 0.5 * before[i]! + 0.25 * (next + under);
    }
  }
}
