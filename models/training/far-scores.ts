/** A good picture that training never saw and whose score lies far above the others'. */
export interface FarScore {
  /** Into the scores. */
  readonly index: number;
  readonly score: number;
  readonly reason: string;
}

/** How far above the others' median a score may lie, in deviations that a normal distribution of the same middle half would have. */
const FAR = 10;
/** And how far above the largest of the others, as a factor: a long tail is no stray. */
const GAP = 1.5;
/** The least deviation that is believed, as a share of the median: the middle half of a few scores may lie close together. */
const LEAST_DEVIATION = 0.1;
/** The median absolute deviation of a normal distribution, in deviations. */
const NORMAL_MAD = 0.6745;
/** Fewer say nothing of what is usual. */
const FEWEST = 4;
/** More than this share of the scores are no strays: then good parts are that different. */
const MOST_FAR = 0.2;

/**
 * Finds scores that must not set a threshold: a damaged or stray picture among the good ones, one in a set is enough, lifts it above every
 * defect. Told by the median and the median absolute deviation, which strays do not move.
 */
export function farScores(scores: readonly number[]): readonly FarScore[] {
  if (scores.length < FEWEST) return [];
  const middle = medianOf(scores);
  const spread = medianOf(scores.map((score) => Math.abs(score - middle))) / NORMAL_MAD;
  const limit = middle + FAR * Math.max(spread, LEAST_DEVIATION * middle);
  const largest = Math.max(...scores.filter((score) => score <= limit));
  const isFar = (score: number): boolean => score > limit && score > GAP * largest;
  const far = [...scores.keys()].filter((index) => isFar(scores[index]!));
  if (far.length > MOST_FAR * scores.length) return [];
  const others = scores.filter((score) => !isFar(score));
  const usual = `${Math.min(...others).toPrecision(3)} to ${Math.max(...others).toPrecision(3)}`;
  return far.map((index) => {
    const score = scores[index]!;
    return { index, score, reason: `its score is ${score.toPrecision(3)}, the other held-out pictures have ${usual}` };
  });
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
