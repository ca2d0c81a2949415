import { robustFit } from "./statistics.js";

/** A good picture that does not look like the others. */
export interface OddPicture {
  /** Into the distances. */
  readonly index: number;
  /** How far it is from its nearest relatives, see network/memory.ts. */
  readonly score: number;
  /** How far that is above what is usual, on a logarithmic scale, in robust deviations. */
  readonly deviations: number;
  readonly reason: string;
}

/** Spreads above the middle, on a logarithmic scale. */
const FAR = 3;
const LEAST_SPREAD = 0.02;
/** Fewer say nothing of what is usual. */
const FEWEST = 4;
/** What pictures that are all but the same differ by; less is the arithmetic's. */
export const LEAST_DISTANCE = 1e-4;

/** Good pictures by how odd they look. */
export interface RankedPictures {
  /** Those that look wrong, the oddest first: a stray, a damaged one, a defect among the good. */
  readonly odd: readonly OddPicture[];
  /** All others, the oddest first. Where good parts vary more than defects differ from them, a defect is among these. */
  readonly rest: readonly OddPicture[];
}

/**
 * Good pictures in the order of their oddness, and which of them look wrong. Told by the median and the spread around it, which wrong pictures
 * do not move unless they are many.
 * @param distances each picture's, to the others
 */
export function rankPictures(distances: readonly number[]): RankedPictures {
  if (distances.length < FEWEST) return { odd: [], rest: [] };
  const logs = distances.map((distance) => Math.log(Math.max(distance, LEAST_DISTANCE)));
  const { middle, spread } = robustFit(logs, LEAST_SPREAD);
  const usual = Math.exp(middle);
  const ranked = logs
    .map((log, index) => ({ index, score: distances[index]!, deviations: (log - middle) / spread }))
    .sort((a, b) => b.score - a.score)
    .map(({ index, score, deviations }) => ({
      index,
      score,
      deviations,
      reason: `it is ${(score / usual).toFixed(1)} times as far from the pictures most like it as is usual (${deviations.toFixed(1)} deviations)`,
    }));
  const isOdd = ({ deviations }: OddPicture): boolean => deviations > FAR;
  return { odd: ranked.filter(isOdd), rest: ranked.filter((picture) => !isOdd(picture)) };
}
