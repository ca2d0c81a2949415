/** From scored pictures to the figures that `retort evaluate` reports. */
import { type DataWarning, GOOD_TYPE } from "./dataset.js";
import { aupro, auroc, bestF1, pixelAuroc } from "./metrics.js";
import {
  type AtThreshold,
  atThreshold,
  costOf,
  type Hindsight,
  hindsightAt,
  type KnownScores,
  type ThresholdCost,
  thresholdCosts,
} from "./operating.js";
import type { PictureScore } from "./picture-scores.js";
import type { ScoredImage } from "./score.js";

export interface PixelFigures {
  readonly auroc: number;
  /** Limit 0.3, mean over regions. */
  readonly aupro: number;
}

export interface Figures {
  /** What the bundle does. */
  readonly atThreshold: AtThreshold;
  readonly hindsight: Hindsight;
  /** What other thresholds cost, the lowest first; the bundle's, the one of hindsight and the one of the best F1 among them. */
  readonly thresholds: readonly ThresholdCost[];
  readonly image: {
    readonly auroc: number;
    /** The best of any threshold, found with knowledge of the defects: a yardstick, and not for operation. */
    readonly f1: number;
    /** The one with the best F1. */
    readonly threshold: number;
    readonly count: number;
  };
  /** Over the good pictures and the defective ones with a mask; null where no defective picture has one. */
  readonly pixel: PixelFigures | null;
  readonly types: Readonly<Record<string, TypeFigures>>;
}

export interface EvaluationResult extends Figures {
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly sha256: string;
    /** False: its threshold was never set on good pictures. */
    readonly calibrated: boolean;
  };
  readonly data: string;
  readonly pictures: readonly PictureScore[];
  /** Pictures and masks that were left out, and what else makes a figure worth less. */
  readonly warnings: readonly DataWarning[];
}

/** One defect type; AUROC and AUPRO against the good pictures. */
export interface TypeFigures {
  readonly image: { readonly auroc: number; readonly count: number };
  /** At the bundle's threshold. */
  readonly found: number;
  readonly missed: number;
  readonly pixel: PixelFigures | null;
}

/** The threshold that a bundle judges by. */
export interface Operation {
  readonly threshold: number;
  /** The share of good parts that may be rejected by mistake. */
  readonly wantedRate: number;
}

/** @throws CodedError METRIC_ONE_CLASS, METRIC_NOT_FINITE */
export function figuresOf(images: readonly ScoredImage[], { threshold, wantedRate }: Operation): Figures {
  const good = images.filter(({ type }) => type === GOOD_TYPE);
  const names = [...new Set(images.map(({ type }) => type))].filter((type) => type !== GOOD_TYPE).sort();
  const types = names.map((name): [string, TypeFigures] => {
    const defective = images.filter(({ type }) => type === name);
    const both = [...good, ...defective];
    const { missed } = costOf(threshold, knownScores(defective));
    const image = { auroc: imageAuroc(both), count: defective.length };
    return [name, { image, found: defective.length - missed, missed, pixel: pixelFigures(both) }];
  });
  const known = knownScores(images);
  const image = {
    auroc: imageAuroc(images),
    ...bestF1(images.map(scoreOf), images.map(labelOf)),
    count: images.length,
  };
  const hindsight = hindsightAt(known, wantedRate);
  return {
    atThreshold: atThreshold(known, threshold, wantedRate),
    hindsight,
    thresholds: thresholdCosts(known, [threshold, hindsight.threshold ?? threshold, image.threshold]),
    image,
    pixel: pixelFigures(images),
    types: Object.fromEntries(types),
  };
}

function knownScores(images: readonly ScoredImage[]): KnownScores {
  return {
    good: images.filter(({ type }) => type === GOOD_TYPE).map(scoreOf),
    defects: images.filter(({ type }) => type !== GOOD_TYPE).map(scoreOf),
  };
}

function imageAuroc(images: readonly ScoredImage[]): number {
  return auroc(images.map(scoreOf), images.map(labelOf));
}

function scoreOf({ score }: ScoredImage): number {
  return score;
}

function labelOf({ type }: ScoredImage): number {
  return type === GOOD_TYPE ? 0 : 1;
}

function pixelFigures(images: readonly ScoredImage[]): PixelFigures | null {
  const known = images.filter(({ hasTruth }) => hasTruth);
  if (known.every(({ scored }) => scored.mask === null)) return null;
  const maps = known.map(({ scored }) => scored);
  return { auroc: pixelAuroc(maps), aupro: aupro(maps) };
}
