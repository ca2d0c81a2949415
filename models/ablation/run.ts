import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundle } from "../bundle/bundle.js";
import { GOOD_TYPE } from "../evaluate/dataset.js";
import { evaluateBundle } from "../evaluate/evaluate.js";
import { atThreshold, type KnownScores } from "../evaluate/operating.js";
import { openScorer } from "../evaluate/scorer.js";
import { deviation, mean } from "../judging/statistics.js";
import { FALSE_ALARM_RATE, type GoodScores, thresholdFor } from "../judging/threshold.js";
import { readGoodPictures, splitPictures } from "../training/good-pictures.js";
import { type TrainOptions, type TrainResult, trainStudent } from "../training/train.js";
import { type RunFolders, runFolders } from "./folders.js";
import type { Run } from "./plan.js";

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

export interface RunResult {
  readonly run: Run;
  /** Pictures to learn from, those planted among them. */
  readonly images: number;
  readonly planted: number;
  /** Listed as odd, and how many of those were planted. */
  readonly suspicious: number;
  readonly suspiciousPlanted: number;
  /** The share of good parts that `retort train` said would be rejected. */
  readonly expected: number | null;
  /** Seconds until the memory alone could judge, and until student and memory could. */
  readonly seconds: { readonly memory: number; readonly both: number };
  /** Reverse distillation alone. */
  readonly student: DetectorFigures;
  /** The student with the rule of version 0.1: max(mean + 4 deviations, max + 1 deviation) of the held-out pictures. */
  readonly before: Judgement;
  readonly memory: DetectorFigures;
  /** What `retort train` writes. */
  readonly both: DetectorFigures;
  /** Of student and memory: those that the threshold comes from, and the test set's. */
  readonly scores: { readonly set: GoodScores; readonly test: KnownScores };
}

export interface RunOptions {
  /** The folder of data sets. */
  readonly data: string;
  readonly arch: string;
  readonly teacher: string;
  readonly epochs: number;
  readonly threads: number;
}

/**
 * Trains one detector with and without its memory, and the memory alone, and evaluates the three on the test set. The student is trained once.
 * @throws CodedError those of `trainStudent` and `evaluateBundle`
 */
export async function runOnce(run: Run, options: RunOptions): Promise<RunResult> {
  const scratch = await mkdtemp(join(tmpdir(), "retort-ablation-"));
  try {
    const folders = await runFolders(join(options.data, run.set), run, join(scratch, "pictures"));
    const train = trainer(run, folders, options);
    const paths = { memory: join(scratch, "memory"), both: join(scratch, "both"), student: join(scratch, "student") };
    const quick = await train({ out: paths.memory, quick: true });
    const both = await train({ out: paths.both, keepCheckpoint: true });
    await copyFile(`${paths.both}.checkpoint.safetensors`, `${paths.student}.checkpoint.safetensors`);
    await train({ out: paths.student, memory: 0, resume: true });
    const student = await evaluated(paths.student, folders);
    const joined = await evaluated(paths.both, folders);
    return {
      ...{ run, images: folders.images, planted: folders.planted.length },
      suspicious: both.suspicious.length,
      suspiciousPlanted: both.suspicious.filter(({ path }) => folders.planted.includes(path)).length,
      expected: both.calibration.falseAlarmRate?.expected ?? null,
      seconds: { memory: quick.seconds, both: both.seconds },
      student: student.figures,
      before: judgementAt(await thresholdBefore(paths.student, folders, run), student.scores),
      memory: (await evaluated(paths.memory, folders)).figures,
      both: joined.figures,
      scores: { set: both.goodScores, test: joined.scores },
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A result by the threshold rule of today: what was trained under another rule need not be trained again. */
export function judgedAnew(result: RunResult): RunResult {
  const { threshold, calibration } = thresholdFor(result.scores.set, FALSE_ALARM_RATE);
  const own = judgementAt(threshold, result.scores.test);
  return { ...result, expected: calibration.falseAlarmRate.expected, both: { ...result.both, ...own } };
}

function trainer(
  { seed, size }: Run,
  { normal }: RunFolders,
  { arch, teacher, epochs, threads }: RunOptions,
): (options: Partial<TrainOptions> & { readonly out: string }) => Promise<TrainResult> {
  return (options) => trainStudent({ normal, arch, teacher, epochs, seed, size, threads, ...options });
}

interface Evaluated {
  readonly figures: DetectorFigures;
  readonly scores: KnownScores;
}

/** A bundle's figures on the test set, at its own threshold. */
async function evaluated(bundle: string, { data }: RunFolders): Promise<Evaluated> {
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

function judgementAt(threshold: number, scores: KnownScores): Judgement {
  const { recall, falseAlarmRate } = atThreshold(scores, threshold, FALSE_ALARM_RATE);
  return { threshold, recall, rejected: falseAlarmRate };
}

/** The threshold of version 0.1's rule, from the pictures that the training of a bundle held out. */
async function thresholdBefore(bundlePath: string, { normal }: RunFolders, { seed, size }: Run): Promise<number> {
  const { pixels } = await readGoodPictures(normal, { width: size, height: size }, { imageHealth: true, report() {} });
  const scorer = await openScorer(await readBundle(bundlePath));
  try {
    const scores: number[] = [];
    for (const index of splitPictures(pixels.length, seed).heldOut) {
      scores.push((await scorer.score(pixels[index]!)).score);
    }
    // Of so few pictures the deviation was taken for a tenth of the mean at least.
    const least = scores.length < 8 ? 0.1 * mean(scores) : 0;
    const spread = Math.max(deviation(scores), least);
    return Math.max(mean(scores) + 4 * spread, Math.max(...scores) + spread);
  } finally {
    await scorer.close();
  }
}
