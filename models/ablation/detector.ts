/** What a bundle does on a test set. */
import { copyFile } from "node:fs/promises";
import { GOOD_TYPE } from "../evaluate/dataset.js";
import { evaluateBundle } from "../evaluate/evaluate.js";
import { atThreshold, type KnownScores } from "../evaluate/operating.js";
import { FALSE_ALARM_RATE, type GoodScores, thresholdFor } from "../judging/threshold.js";
import type { TrainOptions, TrainResult } from "../training/train.js";
import type { RunFolders } from "./folders.js";

/** What a threshold does to a test set. A share is null where there is nothing to have a share of. */
export interface Judgement {
  readonly threshold: number;
  /** The share of the defects that is found. */
  readonly recall: number | null;
  /** The share of the good pictures that is rejected. */
  readonly rejected: number | null;
}

/** What one detector does. */
export interface DetectorFigures extends Judgement {
  /** The recall of the lowest threshold that rejects no more of these very good pictures than was asked for. */
  readonly hindsight: number | null;
  readonly imageAuroc: number;
  /** null without masks, as is AUPRO. */
  readonly pixelAuroc: number | null;
  readonly aupro: number | null;
}

/** Of a detector: the scores that its threshold comes from, and the test set's. */
export interface DetectorScores {
  readonly set: GoodScores;
  readonly test: KnownScores;
}

export interface Evaluated {
  readonly figures: DetectorFigures;
  readonly scores: KnownScores;
}

/** A training of one set of pictures, by one teacher. */
export type Train = (options: Partial<TrainOptions> & { readonly out: string }) => Promise<TrainResult>;

/** Trains a student beside a memory, and writes the bundle of the two and that of the student alone: it is trained once. */
export async function trainBoth(
  train: Train,
  paths: { readonly both: string; readonly student: string },
): Promise<{ readonly both: TrainResult; readonly student: TrainResult }> {
  const both = await train({ out: paths.both, keepCheckpoint: true });
  await copyFile(`${paths.both}.checkpoint.safetensors`, `${paths.student}.checkpoint.safetensors`);
  return { both, student: await train({ out: paths.student, memory: 0, resume: true }) };
}

/** A bundle's figures on the test set, at its own threshold. @throws CodedError those of `evaluateBundle` */
export async function evaluated(bundle: string, { data }: RunFolders): Promise<Evaluated> {
  const result = await evaluateBundle({ bundle, data, falseAlarms: FALSE_ALARM_RATE });
  const { atThreshold: own, hindsight, image, pixel, pictures } = result;
  const scoresOf = (isGood: boolean): readonly number[] =>
    pictures.flatMap(({ type, score }) => (score !== null && (type === GOOD_TYPE) === isGood ? [score] : []));
  return {
    figures: {
      ...{ threshold: own.threshold, recall: own.recall, rejected: own.falseAlarmRate },
      ...{ hindsight: hindsight.recall, imageAuroc: image.auroc },
      ...{ pixelAuroc: pixel?.auroc ?? null, aupro: pixel?.aupro ?? null },
    },
    scores: { good: scoresOf(true), defects: scoresOf(false) },
  };
}

export function judgementAt(threshold: number, scores: KnownScores): Judgement {
  const { recall, falseAlarmRate } = atThreshold(scores, threshold, FALSE_ALARM_RATE);
  return { threshold, recall, rejected: falseAlarmRate };
}

/** What the threshold rule of today makes of a detector, and the share of good parts that it says would be rejected. */
export function judgedByScores({ set, test }: DetectorScores): { readonly own: Judgement; readonly expected: number } {
  const { threshold, calibration } = thresholdFor(set, FALSE_ALARM_RATE);
  return { own: judgementAt(threshold, test), expected: calibration.falseAlarmRate.expected };
}
