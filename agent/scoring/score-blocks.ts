import { median } from "../../models/judging/statistics.js";

/** A score and when it was seen. */
export interface SeenScore {
  readonly score: number;
  /** Monotonic. */
  readonly atMs: number;
  /** Wall clock, epoch milliseconds. */
  readonly tsMs: number;
}

/** Scores of one stretch of time. */
export interface ScoreBlock {
  readonly median: number;
  /** At most MOST_SCORES of them. */
  readonly scores: readonly number[];
  /** Wall clock, epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
}

export const BLOCK_MS = 600_000;
export const BLOCK_SCORES = 40;
const MOST_SCORES = 64;

/**
 * Cuts scores into blocks: each is over when it is ten minutes long and has 40 scores, and keeps 64 of them at most.
 *
 * Pictures of a belt that are close in time resemble each other, so that hundreds of them may say no more than one. Medians of blocks that are
 * long against that resemblance are all but independent, whatever it is like inside of a block (batch means: Law and Kelton, Simulation
 * Modeling and Analysis, chapter 9). Which scores are kept is left to chance (Vitter, Random sampling with a reservoir, 1985, algorithm R):
 * each n-th one of a table with eight nests could be always the same nest's.
 */
export class ScoreBlocks {
  readonly #random: () => number;
  #kept: number[] = [];
  #seen = 0;
  #first: SeenScore | null = null;

  /** @param random uniform in [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** @returns the block that is over by it, else null */
  add(seen: SeenScore): ScoreBlock | null {
    const first = this.#first ?? seen;
    this.#first = first;
    this.#seen += 1;
    if (this.#kept.length < MOST_SCORES) this.#kept.push(seen.score);
    else {
      const place = Math.floor(this.#random() * this.#seen);
      if (place < MOST_SCORES) this.#kept[place] = seen.score;
    }
    if (this.#seen < BLOCK_SCORES || seen.atMs - first.atMs < BLOCK_MS) return null;
    const block = { median: median(this.#kept), scores: this.#kept, fromMs: first.tsMs, toMs: seen.tsMs };
    this.begin();
    return block;
  }

  /** Forgets what is of no block yet. */
  begin(): void {
    this.#kept = [];
    this.#seen = 0;
    this.#first = null;
  }
}
