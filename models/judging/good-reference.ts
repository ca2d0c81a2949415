import type { Calibration, ScoreQuantile } from "./calibration.js";
import { FALSE_ALARM_RATE } from "./threshold.js";

/** What good parts score where nothing has changed: what they score later is held against it. */
export interface GoodReference {
  /** Whose pictures: the model's bundle's, or those of the command `calibrate`. */
  readonly source: "model" | "calibrate";
  /** Independent pictures that its level is known from. */
  readonly pictures: number;
  /** The smallest share first. */
  readonly quantiles: readonly ScoreQuantile[];
  /** The share of good parts rejected by mistake that its threshold was set for. */
  readonly wanted: number;
}

/** Null where the record of a bundle is of a version that kept no quantiles, or there is none. */
export function referenceIn(calibration: Calibration | null): GoodReference | null {
  if (calibration?.quantiles === undefined) return null;
  const { images, heldOut = images, quantiles, falseAlarmRate } = calibration;
  return { source: "model", pictures: heldOut, quantiles, wanted: falseAlarmRate?.wanted ?? FALSE_ALARM_RATE };
}

/** The scores that the middle of good parts may lie between without anything having changed that is worth a word. */
export interface GoodBand {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
  /** One deviation of a normal distribution, as the middle four fifths show it. */
  readonly spread: number;
}

/** From there on a shift matters: at a threshold for 1 % of good parts half a spread rejects 3 %. */
const WORTH_SPREADS = 0.5;
/** Deviations of the normal distribution that 99 % lie within. */
const CONFIDENCE = 2.576;
/** The deviations that the middle four fifths of a normal distribution take. */
export const FOUR_FIFTHS = 2.5631;
/** The least spread that is believed, as a share of the middle: pictures may be all but the same. */
const LEAST_SPREAD = 0.02;
/** The middle of fewer pictures may lie anywhere. */
const FEWEST_PICTURES = 10;
/** With a threshold below the middle of good parts those that pass are no sample of them. */
const LEAST_PASSED = 0.5;

/**
 * The band around the middle of good scores, as wide as the larger of two: what matters, and where the true middle lies by 99 %
 * confidence. That is the sign test's interval (the binomial count of pictures below the true median, by its normal approximation:
 * Conover, Practical Nonparametric Statistics, 3.2), read from the quantiles; it supposes nothing of the scores' distribution.
 * Good parts are those that pass: the reference is cut off at the threshold as they are.
 * @returns a reason in words where there is none
 */
export function goodBand({ pictures, quantiles }: GoodReference, threshold: number): GoodBand | string {
  if (pictures < FEWEST_PICTURES) {
    return `what good parts score is known from ${pictures} pictures, ${FEWEST_PICTURES} are the least`;
  }
  const passed = shareBelow(quantiles, threshold);
  if (passed < LEAST_PASSED) {
    return `of the pictures that say what good parts score ${Math.round(passed * 100)} % lie below the threshold in force: what passes is no sample of good parts`;
  }
  const at = (share: number): number => scoreAt(quantiles, share * passed);
  const middle = at(0.5);
  const spread = Math.max((at(0.9) - at(0.1)) / FOUR_FIFTHS, LEAST_SPREAD * Math.abs(middle), 1e-9);
  const doubt = (CONFIDENCE * 0.5) / Math.sqrt(pictures);
  return {
    low: Math.min(at(0.5 - doubt), middle - WORTH_SPREADS * spread),
    middle,
    high: Math.max(at(0.5 + doubt), middle + WORTH_SPREADS * spread),
    spread,
  };
}

/** The score below which a share lies, between two known ones linearly; beyond the outermost ones those. */
export function scoreAt(quantiles: readonly ScoreQuantile[], share: number): number {
  const above = quantiles.findIndex((each) => each.share >= share);
  if (above === -1) return quantiles.at(-1)!.score;
  const [low, high] = [quantiles[Math.max(0, above - 1)]!, quantiles[above]!];
  if (above === 0) return high.score;
  return low.score + ((share - low.share) / (high.share - low.share)) * (high.score - low.score);
}

/** The share that lies below a score; 0 and 1 beyond the outermost ones that are known. */
export function shareBelow(quantiles: readonly ScoreQuantile[], score: number): number {
  const above = quantiles.findIndex((each) => each.score > score);
  if (above === -1) return 1;
  if (above === 0) return 0;
  const [low, high] = [quantiles[above - 1]!, quantiles[above]!];
  return low.share + ((score - low.score) / (high.score - low.score)) * (high.share - low.share);
}
