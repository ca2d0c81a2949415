import type { Scorer } from "../difference.js";
import type { PrecisionDifference } from "../protocol.js";

/** A scorer that keeps what it scored, in order. */
export function recordingScorer(scorer: Scorer): Scorer & { readonly scores: readonly number[] } {
  const scores: number[] = [];
  return {
    threshold: scorer.threshold,
    scores,
    async score(pixels) {
      const score = await scorer.score(pixels);
      scores.push(score);
      return score;
    },
  };
}

/** The scorer that scored so once; NaN past its end, which is like no score. */
export function recordedScorer(scores: readonly number[], threshold: number): Scorer {
  let next = 0;
  return {
    threshold,
    async score() {
      next += 1;
      return scores[next - 1] ?? Number.NaN;
    },
  };
}

/** Two comparisons by the same limit, as one. */
export function together(one: PrecisionDifference, other: PrecisionDifference): PrecisionDifference {
  return {
    pictures: one.pictures + other.pictures,
    worst: Math.max(one.worst, other.worst),
    limit: one.limit,
    lost: one.lost + other.lost,
  };
}
