/**
 * How well scores tell defects from good: AUROC, AUPRO, best F1. Exact (every distinct score is a threshold, ties share
 * a step), no binning, so figures compare with scikit-learn's and with the MVTec AD evaluation code's.
 */
import { CodedError } from "../../errors.js";
import { connectedComponents } from "../pictures/components.js";

/** One picture's anomaly map with its truth. */
export interface ScoredMap {
  /** float32 [height, width]. */
  readonly map: Float32Array;
  /** 0 or 1, uint8 [height, width], 1 is defective; null for a good picture. */
  readonly mask: Uint8Array | null;
  readonly width: number;
  readonly height: number;
}

/** The false positive rate up to which AUPRO integrates, as in the MVTec AD paper. */
export const AUPRO_LIMIT = 0.3;

/**
 * The chance that a defect scores above a good one (ties count half): the area under the ROC curve.
 * @param labels 1 (defect) and 0
 * @throws CodedError METRIC_ONE_CLASS, METRIC_NOT_FINITE
 */
export function auroc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const all = Float64Array.from(scores);
  const good = all.filter((_, at) => !labels[at]);
  const defect = all.filter((_, at) => labels[at]);
  return rankSum(good.sort(), defect.sort());
}

/** AUROC over all pixels of all pictures. @throws CodedError METRIC_ONE_CLASS, METRIC_NOT_FINITE */
export function pixelAuroc(samples: readonly ScoredMap[]): number {
  const { good, defect } = splitPixels(samples);
  return rankSum(good.sort(), defect.sort());
}

/** The share of pairs that a defect wins, a draw for half, in one walk along both ascending lists. */
function rankSum(good: Float32Array | Float64Array, defect: Float32Array | Float64Array): number {
  requireBoth(good, defect);
  let below = 0;
  let upTo = 0;
  let wins = 0;
  for (const score of defect) {
    while (below < good.length && good[below]! < score) below += 1;
    if (upTo < below) upTo = below;
    while (upTo < good.length && good[upTo] === score) upTo += 1;
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
 * @throws CodedError METRIC_ONE_CLASS, METRIC_NOT_FINITE
 */
export function aupro(samples: readonly ScoredMap[], limit = AUPRO_LIMIT): number {
  const { good, defect, weight } = splitPixels(samples, true);
  requireBoth(good, defect);
  good.sort();
  const order = Uint32Array.from(defect.keys()).sort((a, b) => defect[b]! - defect[a]!);

  /** Good pixels from this one on are at or above the threshold. */
  let left = good.length;
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
    const score = defect[order[at]!]!;
    while (left > 0 && good[left - 1]! > score) left -= 1;
    if (!lineTo(1 - left / good.length, overlap)) return area / limit;
    while (left > 0 && good[left - 1] === score) left -= 1;
    let next = overlap;
    for (; at < order.length && defect[order[at]!] === score; at += 1) next += weight[order[at]!]!;
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
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  let defects = 0;
  for (let i = 0; i < labels.length; i += 1) defects += labels[i] ? 1 : 0;
  let best = { f1: 0, threshold: Number.POSITIVE_INFINITY };
  let hits = 0;
  for (let i = 0; i < order.length; i += 1) {
    hits += labels[order[i]!] ? 1 : 0;
    const score = scores[order[i]!]!;
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
  const total = samples.reduce((sum, { map }) => sum + map.length, 0);
  const defects = samples.reduce((sum, { mask }) => sum + (mask?.reduce((marked, value) => marked + value, 0) ?? 0), 0);
  const good = new Float32Array(total - defects);
  const defect = new Float32Array(defects);
  const weight = new Float64Array(weighted ? defects : 0);
  let g = 0;
  let d = 0;
  let regions = 0;
  for (const { map, mask, width, height } of samples) {
    const found = weighted && mask ? connectedComponents(mask, width, height) : null;
    for (let i = 0; i < map.length; i += 1) {
      const score = map[i]!;
      if (!Number.isFinite(score)) throw notFinite();
      if (mask === null || mask[i] === 0) {
        good[g] = score;
        g += 1;
        continue;
      }
      if (found !== null) weight[d] = 1 / found.components[found.labels[i]! - 1]!.area;
      defect[d] = score;
      d += 1;
    }
    regions += found?.components.length ?? 0;
  }
  return { good, defect, weight: weight.map((value) => value / regions) };
}

/** Sorted scores end with what is not finite; those of pixels were looked at one by one before they were sorted. */
function requireBoth(good: ArrayLike<number>, defect: ArrayLike<number>): void {
  if (good.length === 0 || defect.length === 0)
    throw new CodedError("METRIC_ONE_CLASS", `${defect.length} defective and ${good.length} good values`);
  if (!Number.isFinite(good[good.length - 1]) || !Number.isFinite(defect[defect.length - 1])) throw notFinite();
}

function notFinite(): CodedError {
  return new CodedError("METRIC_NOT_FINITE", "the model gave a score that is not a finite number");
}
