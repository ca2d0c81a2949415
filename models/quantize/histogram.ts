import type { ValueRange } from "./whole-numbers.js";

const BINS = 2_048;

/** How often a value of a network takes which size, between its least and its greatest. */
export class Histogram {
  readonly range: ValueRange;
  readonly counts = new Float64Array(BINS);
  readonly #perBin: number;

  constructor(range: ValueRange) {
    this.range = range;
    this.#perBin = (range.most - range.least) / BINS;
  }

  add(values: Float32Array): void {
    const { least } = this.range;
    const scale = this.#perBin > 0 ? 1 / this.#perBin : 0;
    for (const value of values) {
      const bin = ((value - least) * scale) | 0;
      this.counts[bin < BINS ? bin : BINS - 1]! += 1;
    }
  }

  /** The range that holds all but a share of the values, that share split between both ends where there are two. */
  percentile(outside: number): ValueRange {
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    const oneSided = this.range.least >= 0;
    const allowed = (outside * total) / (oneSided ? 1 : 2);
    let high = BINS;
    for (let left = allowed; high > 1 && this.counts[high - 1]! <= left; high -= 1) left -= this.counts[high - 1]!;
    let low = 0;
    if (!oneSided)
      for (let left = allowed; low < high - 1 && this.counts[low]! <= left; low += 1) left -= this.counts[low]!;
    const { least } = this.range;
    return { least: oneSided ? least : least + low * this.#perBin, most: least + high * this.#perBin };
  }
}
