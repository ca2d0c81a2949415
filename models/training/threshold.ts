import type { Calibration } from "../bundle/bundle.js";
import { THRESHOLD_RULE } from "./recipe.js";

/**
 * The threshold from scores of good pictures that training never saw: a number of deviations above their mean, and never less
 * than a margin above the largest of them. (A threshold at the largest score would call every second new record a defect.)
 * @param scores at least one
 */
export function thresholdFrom(scores: readonly number[]): { threshold: number; calibration: Calibration } {
  const { deviations, margin, few, leastDeviation } = THRESHOLD_RULE;
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / Math.max(1, scores.length - 1);
  const deviation = Math.max(Math.sqrt(variance), scores.length < few ? mean * leastDeviation : 0);
  const max = Math.max(...scores);
  return {
    threshold: Math.max(mean + deviations * deviation, max + margin * deviation),
    calibration: {
      rule: `max(mean + ${deviations} deviations, max + ${margin} deviation) of held-out good images`,
      images: scores.length,
      mean,
      deviation,
      max,
    },
  };
}
