/**
 * How well scores tell defects from good: AUROC, AUPRO, best F1. Exact (every distinct score is a threshold, ties share
 * a step), no binning, so figures compare with scikit-learn's and with the MVTec AD evaluation code's.
 */
import { CodedError } from "../../errors.js";
import { connectedRegions } from "./regions.js";

/** One picture's anomaly map with its truth: `map` and `mask` are [height, width]; a good picture has no mask. */
export interface ScoredMap {
  readonly map: Float32Array;
  /** 0 or 1. */
  readonly mask: Uint8Array | null;
  readonly width: number;
  readonly height: number;
}

/** The part of the false positive rate that AUPRO integrates, as in the MVTec AD paper. */
export const auproLimit = 0.3;

/**
 * The chance that a defect scores above a good one (ties count half): the area under the ROC curve.
 * `labels` are 1 (defect) and 0. Throws METRIC_ONE_CLASS, METRIC_NOT_FINITE.
 */
export function auroc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const count = scores.length;
  const good = new Float64Array(count);
  const defect = new Float64Array(count);
  let g = 0;
  let d = 0;
  for (let i = 0; i < count; i++) {
    if (labels[i]) defect[d++] = scores[i] as number;
    else good[g++] = scores[i] as number;
  }
  return rankSum(good.subarray(0, g).sort(), defect.subarray(0, d).sort());
}

/** AUROC over all pixels of all pictures. Throws METRIC_ONE_CLASS, METRIC_NOT_FINITE. */
export function pixelAuroc(samples: readonly ScoredMap[]): number {
  const { good, defect } = splitPixels(samples);
  return rankSum(good.sort(), defect.sort());
}

/** Walks both ascending lists once; for each defect score counts the good ones below, and half of the equal ones. */
function rankSum(good: Float32Array | Float64Array, defect: Float32Array | Float64Array): number {
  demandBoth(good, defect);
  let below = 0;
  let upTo = 0;
  let wins = 0;
  for (let i = 0; i < defect.length; i++) {
    const score = defect[i] as number;
    while (below < good.length && (good[below] as number) < score) below++;
    if (upTo < below) upTo = below;
    while (upTo < good.length && (good[upTo] as number) === score) upTo++;
    wins += (below + upTo) / 2;
  }
  return wins / good.length / defect.length;
}

/**
 * Area under the per-region overlap curve, up to the false positive rate `limit`, divided by it (so 1 is perfect).
 *
 * Follows the MVTec AD evaluation code: the overlap is averaged over the ground truth's connected regions (8-connected)
 * of all pictures, every distinct score is a threshold, and the curve is interpolated linearly at the limit. RD4AD's own
 * code samples 200 thresholds instead and drops the last step before the limit; the two differ in the third decimal.
 * Throws METRIC_ONE_CLASS, METRIC_NOT_FINITE.
 */
export function aupro(samples: readonly ScoredMap[], limit = auproLimit): number {
  const { good, defect, weight } = splitPixels(samples, true);
  demandBoth(good, defect);
  good.sort();
  const order = Uint32Array.from(defect.keys()).sort((a, b) => (defect[b] as number) - (defect[a] as number));

  let left = good.length; // good[left..] are at or above the threshold
  let rate = 0;
  let overlap = 0;
  let area = 0;
  /** Draws the curve's next piece, a straight line; false once the limit is reached. */
  const lineTo = (nextRate: number, nextOverlap: number): boolean => {
    const reached = nextRate >= limit;
    const share = reached && nextRate > rate ? (limit - rate) / (nextRate - rate) : 1;
    const endOverlap = overlap + share * (nextOverlap - overlap);
    area += (share * (nextRate - rate) * (overlap + endOverlap)) / 2;
    rate = nextRate;
    overlap = nextOverlap;
    return !reached;
  };

  for (let at = 0; at < order.length; ) {
    const score = defect[order[at] as number] as number;
    while (left > 0 && (good[left - 1] as number) > score) left--;
    if (!lineTo(1 - left / good.length, overlap)) return area / limit;
    while (left > 0 && (good[left - 1] as number) === score) left--;
    let next = overlap;
    for (; at < order.length && defect[order[at] as number] === score; at++)
      next += weight[order[at] as number] as number;
    if (!lineTo(1 - left / good.length, next)) return area / limit;
  }
  lineTo(1, overlap);
  return area / limit;
}

/**
 * The threshold with the best F1 (harmonic mean of precision and recall); a score above it counts as a defect.
 * It lies midway between two scores, so that "above" and "at or above" mean the same.
 */
export function bestF1(scores: ArrayLike<number>, labels: ArrayLike<number>): { f1: number; threshold: number } {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort(
    (a, b) => (scores[b] as number) - (scores[a] as number),
  );
  let defects = 0;
  for (let i = 0; i < labels.length; i++) defects += labels[i] ? 1 : 0;
  let best = { f1: 0, threshold: Number.POSITIVE_INFINITY };
  let hits = 0;
  for (let i = 0; i < order.length; i++) {
    hits += labels[order[i] as number] ? 1 : 0;
    const score = scores[order[i] as number] as number;
    const next = scores[order[i + 1] ?? -1];
    if (next === score) continue;
    const f1 = (2 * hits) / (i + 1 + defects);
    const below = next ?? score - 1e-6 * Math.max(1, Math.abs(score));
    if (f1 > best.f1) best = { f1, threshold: (score + below) / 2 };
  }
  return best;
}

interface Pixels {
  readonly good: Float32Array;
  readonly defect: Float32Array;
  /** What each defect pixel adds to the mean overlap: 1 / (its region's area x regions). Empty unless asked for. */
  readonly weight: Float64Array;
}

function splitPixels(samples: readonly ScoredMap[], weighted = false): Pixels {
  let total = 0;
  let defects = 0;
  for (const { map, mask } of samples) {
    total += map.length;
    if (mask) for (let i = 0; i < mask.length; i++) defects += mask[i] ? 1 : 0;
  }
  const good = new Float32Array(total - defects);
  const defect = new Float32Array(defects);
  const weight = new Float64Array(weighted ? defects : 0);
  let g = 0;
  let d = 0;
  let regions = 0;
  for (const { map, mask, width, height } of samples) {
    const found = weighted && mask ? connectedRegions(mask, width, height) : null;
    for (let i = 0; i < map.length; i++) {
      const score = map[i] as number;
      if (!Number.isFinite(score)) throw notFinite();
      if (!mask?.[i]) good[g++] = score;
      else {
        if (found) weight[d] = 1 / (found.areas[(found.labels[i] as number) - 1] as number);
        defect[d++] = score;
      }
    }
    regions += found?.areas.length ?? 0;
  }
  for (let i = 0; i < weight.length; i++) weight[i] = (weight[i] as number) / regions;
  return { good, defect, weight };
}

/** Typed arrays sort NaN to the end, so looking at the ends is enough once sorted; unsorted maps were checked before. */
function demandBoth(good: ArrayLike<number>, defect: ArrayLike<number>): void {
  if (good.length === 0 || defect.length === 0)
    throw new CodedError("METRIC_ONE_CLASS", `${defect.length} defective and ${good.length} good values`, {
      remedy: "The data must hold both good and defective examples, with masks that mark some but not all pixels.",
    });
  if (!Number.isFinite(good[good.length - 1]) || !Number.isFinite(defect[defect.length - 1])) throw notFinite();
}

function notFinite(): CodedError {
  return new CodedError("METRIC_NOT_FINITE", "the model gave a score that is not a finite number", {
    remedy: "The model is damaged or its training diverged: train it again.",
  });
}
