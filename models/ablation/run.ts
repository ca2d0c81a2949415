import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundle } from "../bundle/bundle.js";
import { openScorer } from "../evaluate/scorer.js";
import { deviation, mean } from "../judging/statistics.js";
import { readGoodPictures, splitPictures } from "../training/good-pictures.js";
import { trainStudent } from "../training/train.js";
import {
  type DetectorFigures,
  type DetectorScores,
  evaluated,
  type Judgement,
  judgedByScores,
  judgementAt,
  type Train,
  trainBoth,
} from "./detector.js";
import { type RunFolders, runFolders } from "./folders.js";
import type { Run } from "./plan.js";

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
  readonly scores: DetectorScores;
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
    const { both } = await trainBoth(train, paths);
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
  const { own, expected } = judgedByScores(result.scores);
  return { ...result, expected, both: { ...result.both, ...own } };
}

function trainer({ seed, size }: Run, { normal }: RunFolders, { arch, teacher, epochs, threads }: RunOptions): Train {
  return (options) => trainStudent({ normal, arch, teacher, epochs, seed, size, threads, ...options });
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
