import { robustFit } from "./statistics.js";

/** A good picture that does not look like the others. */
export interface OddPicture {
  /** Into the distances. */
  readonly index: number;
  /** How far it is from its nearest relatives, see network/memory.ts. */
  readonly score: number;
  readonly reason: string;
}

/** Spreads above the middle, on a logarithmic scale. */
const FAR = 3;
const LEAST_SPREAD = 0.02;
/** Fewer say nothing of what is usual. */
const FEWEST = 4;
/** What pictures that are all but the same differ by; less is the arithmetic's. */
export const LEAST_DISTANCE = 1e-4;

/**
 * The good pictures that look wrong, the oddest first: a stray, a damaged one, a defect among the good. Told by the median and the spread
 * around it, which they do not move unless they are many.
 * @param distances each picture's, to the others
 */
export function oddPictures(distances: readonly number[]): readonly OddPicture[] {
  if (distances.length < FEWEST) return [];
  const logs = distances.map((distance) => Math.log(Math.max(distance, LEAST_DISTANCE)));
  const { middle, spread } = robustFit(logs, LEAST_SPREAD);
  const usual = Math.exp(middle);
  return logs
    .map((log, index) => ({ index, score: distances[index]!, deviations: (log - middle) / spread }))
    .filter(({ deviations }) => deviations > FAR)
    .sort((a, b) => b.score - a.score)
    .map(({ index, score, deviations }) => ({
      index,
      score,
      reason: `it is ${(score / usual).toFixed(1)} times as far from the pictures most like it as is usual (${deviations.toFixed(1)} deviations)`,
    }));
}
