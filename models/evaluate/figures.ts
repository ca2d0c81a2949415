/** From scored pictures to the figures that `retort evaluate` reports. */
import { type DataWarning, GOOD_TYPE } from "./dataset.js";
import { aupro, auroc, bestF1, pixelAuroc } from "./metrics.js";
import type { ScoredImage } from "./score.js";

export interface PixelFigures {
  readonly auroc: number;
  /** Limit 0.3, mean over regions. */
  readonly aupro: number;
}

export interface Figures {
  readonly image: {
    readonly auroc: number;
    readonly f1: number;
    /** The one with the best F1: knows the defects, so it is a yardstick and not for operation. */
    readonly threshold: number;
    readonly count: number;
  };
  /** Over the good pictures and the defective ones with a mask; null where no defective picture has one. */
  readonly pixel: PixelFigures | null;
  readonly types: Readonly<Record<string, TypeFigures>>;
}

export interface EvaluationResult extends Figures {
  readonly model: { readonly name: string; readonly version: string; readonly sha256: string };
  readonly data: string;
  /** Pictures and masks that were left out, and what else makes a figure worth less. */
  readonly warnings: readonly DataWarning[];
}

/** One defect type against the good pictures. */
export interface TypeFigures {
  readonly image: { readonly auroc: number; readonly count: number };
  readonly pixel: PixelFigures | null;
}

/** @throws CodedError METRIC_ONE_CLASS, METRIC_NOT_FINITE */
export function figuresOf(images: readonly ScoredImage[]): Figures {
  const good = images.filter(({ type }) => type === GOOD_TYPE);
  const names = [...new Set(images.map(({ type }) => type))].filter((type) => type !== GOOD_TYPE).sort();
  const types = names.map((name): [string, TypeFigures] => {
    const defective = images.filter(({ type }) => type === name);
    const both = [...good, ...defective];
    return [name, { image: { auroc: imageAuroc(both), count: defective.length }, pixel: pixelFigures(both) }];
  });
  const labels = images.map(labelOf);
  const scores = images.map(({ score }) => score);
  return {
    image: { auroc: imageAuroc(images), ...bestF1(scores, labels), count: images.length },
    pixel: pixelFigures(images),
    types: Object.fromEntries(types),
  };
}

function imageAuroc(images: readonly ScoredImage[]): number {
  return auroc(
    images.map(({ score }) => score),
    images.map(labelOf),
  );
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
