import type { Calibration } from "../bundle/bundle.js";

/** Deviations above the mean that a good part's score may lie. */
const DEVIATIONS = 4;
/** What is kept free above the worst good part seen, in deviations. */
const MARGIN = 1;

/**
 * The threshold from scores of good pictures that training never saw: the mean plus four deviations, and never less than
 * the worst of them plus one deviation. (A threshold at the largest score would call every second new record a defect.)
 * @param scores at least one
 */
export function thresholdFrom(scores: readonly number[]): { threshold: number; calibration: Calibration } {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const spread = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / Math.max(1, scores.length - 1);
  // A handful of pictures understates the spread; a tenth of the mean is the least that is believed.
  const deviation = Math.max(Math.sqrt(spread), scores.length < 8 ? mean * 0.1 : 0);
  const max = Math.max(...scores);
  return {
    threshold: Math.max(mean + DEVIATIONS * deviation, max + MARGIN * deviation),
    calibration: {
      rule: `max(mean + ${DEVIATIONS} deviations, max + ${MARGIN} deviation) of held-out good images`,
      images: scores.length,
      mean,
      deviation,
      max,
    },
  };
}
