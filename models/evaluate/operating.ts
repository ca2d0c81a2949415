/** What a threshold does to a test set, counted. A score is above a threshold only where it is larger: as the agent judges. */
import { upper95 } from "../judging/statistics.js";

/** Scores of pictures whose truth is known. */
export interface KnownScores {
  readonly good: readonly number[];
  readonly defects: readonly number[];
}

/** What one threshold costs. */
export interface ThresholdCost {
  readonly threshold: number;
  /** Defects at or below it. */
  readonly missed: number;
  /** Good pictures above it. */
  readonly falseAlarms: number;
}

/** What a bundle does at its own threshold. A share is null where there is nothing to have a share of. */
export interface AtThreshold extends ThresholdCost {
  /** The share of good parts that may be rejected by mistake, as the threshold was set for it or as the user asked. */
  readonly wantedRate: number;
  readonly found: number;
  /** How many good pictures there are. */
  readonly good: number;
  /** The share of the defects that is found. */
  readonly recall: number | null;
  /** The share of the good pictures that is rejected. */
  readonly falseAlarmRate: number | null;
  /** What the true share of good parts rejected stays below, by 95 % confidence. */
  readonly upper95: number | null;
  readonly f1: number | null;
}

/** What could have been found by somebody who knew these pictures. */
export interface Hindsight {
  /** The share of good pictures that may be rejected. */
  readonly rate: number;
  /** The lowest threshold that rejects no more of these good pictures; null without any. */
  readonly threshold: number | null;
  /** The share of the defects that is found there; null without a threshold or without defects. */
  readonly recall: number | null;
}

/** What a threshold costs on a test set. */
export function costOf(threshold: number, { good, defects }: KnownScores): ThresholdCost {
  return {
    threshold,
    missed: defects.length - countAbove(defects, threshold),
    falseAlarms: countAbove(good, threshold),
  };
}

/** What a bundle does at its own threshold. */
export function atThreshold(scores: KnownScores, threshold: number, wantedRate: number): AtThreshold {
  const { missed, falseAlarms } = costOf(threshold, scores);
  const good = scores.good.length;
  const defects = scores.defects.length;
  const found = defects - missed;
  return {
    threshold,
    wantedRate,
    found,
    missed,
    falseAlarms,
    good,
    recall: share(found, defects),
    falseAlarmRate: share(falseAlarms, good),
    upper95: good === 0 ? null : upper95(falseAlarms, good),
    f1: defects === 0 ? null : (2 * found) / (found + falseAlarms + defects),
  };
}

/** The lowest threshold that rejects no more than a share of the good pictures, and what it finds. @param rate from 0 to below 1 */
export function hindsightAt(scores: KnownScores, rate: number): Hindsight {
  const threshold = lowestRejecting(mostRejected(rate, scores.good.length), scores.good);
  if (threshold === null) return { rate, threshold, recall: null };
  return { rate, threshold, recall: share(countAbove(scores.defects, threshold), scores.defects.length) };
}

/** How many of so many good pictures a share allows to be rejected. */
export function mostRejected(rate: number, good: number): number {
  // 0.29 of 100 is 28.999999999999996.
  return Math.floor(rate * good + 1e-9);
}

/** Shares of good pictures rejected that a table of thresholds has a row for. */
const RATES = [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

/**
 * Thresholds worth a choice and what each costs, the lowest first: those that reject a round share of the good pictures, the highest that
 * misses nothing, and those asked for.
 */
export function thresholdCosts(scores: KnownScores, also: readonly number[]): readonly ThresholdCost[] {
  const { good } = scores;
  const thresholds = new Set(also.filter(Number.isFinite));
  for (const rate of RATES) {
    const lowest = lowestRejecting(mostRejected(rate, good.length), good);
    if (lowest !== null) thresholds.add(lowest);
  }
  const complete = highestMissingNone(scores);
  if (complete !== null) thresholds.add(complete);
  return [...thresholds].sort((a, b) => a - b).map((threshold) => costOf(threshold, scores));
}

/** The lowest threshold that rejects no more than `most` good pictures; null where there are no more than those. */
function lowestRejecting(most: number, good: readonly number[]): number | null {
  return good.toSorted((a, b) => b - a)[most] ?? null;
}

/** The highest score of all below every defect's; null where no score is, or no defect. */
function highestMissingNone({ good, defects }: KnownScores): number | null {
  if (defects.length === 0) return null;
  const least = defects.reduce((low, score) => Math.min(low, score));
  const below = good.filter((score) => score < least);
  return below.length === 0 ? null : below.reduce((high, score) => Math.max(high, score));
}

function countAbove(scores: readonly number[], threshold: number): number {
  return scores.reduce((count, score) => count + (score > threshold ? 1 : 0), 0);
}

function share(part: number, of: number): number | null {
  return of === 0 ? null : part / of;
}
