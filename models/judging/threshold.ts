import type { Calibration, FalseAlarmRate } from "./calibration.js";
import {
  bisected,
  deviation,
  mean,
  median,
  normalTail,
  quantile,
  robustFit,
  studentQuantile,
  studentTail,
  upper95,
} from "./statistics.js";

/** The share of good parts rejected by mistake that a threshold is set for unless another is wanted. */
export const FALSE_ALARM_RATE = 0.01;

/** Scores of good pictures. Those that look wrong are best left out: see odd.ts. */
export interface GoodScores {
  /** Of pictures that the model was not trained on. */
  readonly heldOut: readonly number[];
  /** Of pictures that it was trained on: they score a little less than new ones do. */
  readonly trained?: readonly number[];
}

export interface ThresholdFound {
  readonly threshold: number;
  readonly calibration: Calibration & Required<Pick<Calibration, "falseAlarmRate" | "quantiles">>;
  /** Further good pictures with which `upper95` would be no more than twice what is wanted. */
  readonly moreImagesWanted: number;
}

/** A score so many spreads above the middle does not count: whether it is a wrong picture or the rarest of good ones cannot be told. */
const FAR = 4;
/** The least spread that is believed, as a share of the middle; a few scores may lie close together by chance. */
const LEAST_SPREAD = 0.007;
/** As many held-out pictures are believed as much as the guess that training took nothing off the scores. */
const BELIEVED_HALF = 2;
/** Good parts may have a longer tail than the distribution: of the pictures no more than so many times the wanted share shall lie above. */
const MOST_TIMES_WANTED = 3;
/** Fewer pictures than this above that bound would let one or two of them set the threshold; then they have no say. */
const LEAST_IN_TAIL = 3;
/** The deviations that 95 % of a normal distribution lie below. */
const CONFIDENCE = 1.645;
const QUANTILE_SHARES = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

/**
 * The threshold above which a wanted share of good parts lies, from scores of good pictures alone.
 *
 * The cube roots of scores are taken for normally distributed, which holds well for anything from a normal to a log-normal
 * distribution (Wilson and Hilferty). Middle and spread leave out, in two rounds, what lies far off, so that no picture by itself moves the
 * threshold far; the margin is that of a normal distribution of which only so many values are known (a prediction interval), so that few
 * pictures give a high threshold rather than false alarms. Where the pictures are many and have a longer tail, the threshold is raised until
 * only three times the wanted share lies above it. Trained-on scores count like held-out ones once they are raised by what training took off them.
 * @param wanted a share of good parts, above 0 and below 1
 * @throws RangeError for no scores
 */
export function thresholdFor({ heldOut, trained = [] }: GoodScores, wanted = FALSE_ALARM_RATE): ThresholdFound {
  if (heldOut.length + trained.length === 0) throw new RangeError("no scores");
  const factor = trainingFactor(heldOut, trained);
  const scores = [...heldOut, ...trained.map((score) => score * factor)];
  const { low, high } = usualRange(scores);
  const roots = scores.map(Math.cbrt).filter((root) => root >= low && root <= high);
  const middle = mean(roots);
  const spread = Math.max(deviation(roots), LEAST_SPREAD * Math.abs(middle));
  const freedom = Math.max(1, roots.length - 1);
  const unknown = Math.sqrt(1 + 1 / roots.length);
  const margin = studentQuantile(wanted, freedom) * unknown * spread;
  const threshold = Math.max(middle + margin, tailBound(roots, wanted)) ** 3;
  const found = rateAt(scores, threshold, { wanted, middle, spread, count: roots.length });
  return {
    threshold,
    calibration: {
      rule: `robust normal of cube roots, for ${wanted} of good parts rejected`,
      images: scores.length,
      heldOut: heldOut.length > 0 ? heldOut.length : scores.length,
      mean: mean(scores),
      deviation: deviation(scores),
      max: Math.max(...scores),
      falseAlarmRate: found,
      quantiles: QUANTILE_SHARES.map((share) => ({ share, score: quantile(scores, share) })),
    },
    moreImagesWanted: Math.max(0, imagesFor(wanted) - scores.length),
  };
}

/** The cube root that three times the wanted share lies above, of those that count; -Infinity where they are too few to tell. */
function tailBound(roots: readonly number[], wanted: number): number {
  const share = MOST_TIMES_WANTED * wanted;
  return share * roots.length < LEAST_IN_TAIL ? Number.NEGATIVE_INFINITY : quantile(roots, Math.max(0, 1 - share));
}

/** What trained-on scores are multiplied by to be like held-out ones; near 1 where few held-out ones are known. */
function trainingFactor(heldOut: readonly number[], trained: readonly number[]): number {
  if (heldOut.length === 0 || trained.length === 0) return 1;
  const ratio = median(heldOut) / median(trained);
  return ratio > 0 && Number.isFinite(ratio) ? ratio ** (heldOut.length / (heldOut.length + BELIEVED_HALF)) : 1;
}

/** Which scores lie far above the others, by index: they have no say in a threshold. */
export function farScores(scores: readonly number[]): readonly number[] {
  const { high } = usualRange(scores);
  return [...scores.keys()].filter((index) => Math.cbrt(scores[index]!) > high);
}

/** The cube roots between which scores do not lie far from the others. */
function usualRange(scores: readonly number[]): { readonly low: number; readonly high: number } {
  const roots = scores.map(Math.cbrt);
  let range = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 2; round += 1) {
    const kept = roots.filter((root) => root >= range.low && root <= range.high);
    const { middle, spread } = robustFit(kept, LEAST_SPREAD * Math.abs(median(kept)));
    range = { low: middle - FAR * spread, high: middle + FAR * spread };
  }
  return range;
}

/** How often good parts lie above a threshold: the larger of what the distribution says and what was counted. */
function rateAt(
  scores: readonly number[],
  threshold: number,
  { wanted, middle, spread, count }: { wanted: number; middle: number; spread: number; count: number },
): FalseAlarmRate {
  const deviations = (Math.cbrt(threshold) - middle) / spread;
  const predicted = studentTail(deviations / Math.sqrt(1 + 1 / count), Math.max(1, count - 1));
  const least = deviations - CONFIDENCE * Math.sqrt(1 / count + deviations ** 2 / (2 * count));
  const above = scores.filter((score) => score > threshold).length;
  return {
    wanted,
    expected: Math.max(predicted, above / scores.length),
    upper95: Math.max(normalTail(least), upper95(above, scores.length)),
  };
}

/** Good pictures of which the wanted share is rejected and that prove it to be less than twice as much. */
function imagesFor(wanted: number): number {
  const isEnough = (images: number) => upper95(wanted * images, images) <= 2 * wanted;
  return Math.ceil(bisected(1, 100 / wanted, isEnough));
}

/** A rate for a line engineer: "of 1,000 good parts expect 8 to be rejected, 95 % sure of fewer than 21; with 300 more pictures: fewer than 20". */
export function rateInWords({ expected, upper95: upper, wanted }: FalseAlarmRate, moreImages: number): string {
  const parts = wanted < 0.001 ? 100_000 : 1_000;
  const of = (share: number) => Math.max(1, Math.ceil(share * parts - 1e-9)).toLocaleString("en");
  const more =
    moreImages === 0 ? "" : `; with ${moreImages.toLocaleString("en")} more pictures: fewer than ${of(2 * wanted)}`;
  const expects = Math.round(expected * parts).toLocaleString("en");
  const asked = expected > 1.2 * wanted ? ` (${of(wanted)} were asked for)` : "";
  return `of ${parts.toLocaleString("en")} good parts expect ${expects} to be rejected${asked}, 95 % sure of fewer than ${of(upper)}${more}`;
}
