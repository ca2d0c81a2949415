import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundle } from "../bundle/bundle.js";
import type { NetworkCost } from "../onnx/cost.js";
import { readFolder } from "../pictures/folder.js";
import { readRgb } from "../pictures/images.js";
import { splitPictures } from "../training/good-pictures.js";
import { DEFAULTS } from "../training/recipe.js";
import { type TrainResult, trainStudent } from "../training/train.js";
import { encodeSafetensors } from "../weights/safetensors.js";
import type { Design } from "./design.js";
import { designName } from "./design.js";
import {
  type DetectorFigures,
  type DetectorScores,
  evaluated,
  judgedByScores,
  type Train,
  trainBoth,
} from "./detector.js";
import { type RunFolders, runFolders } from "./folders.js";
import { nameOf, type Run } from "./plan.js";
import { networkOf, randomTeacher } from "./random-teacher.js";

/** A training of a design. */
export interface DesignRun {
  readonly design: Design;
  readonly run: Run;
}

/** What one of a design's two detectors does. */
export interface DesignDetector {
  readonly figures: DetectorFigures;
  readonly scores: DetectorScores;
  /** null where the model could not be run for it. */
  readonly cost: NetworkCost | null;
}

export interface DesignResult extends DesignRun {
  /** Pictures to learn from. */
  readonly images: number;
  /** 0 of a mean map. */
  readonly epochs: number;
  /** Of the last epoch; null of a mean map. */
  readonly loss: number | null;
  /** Of the training and what follows it. */
  readonly seconds: number;
  /** Alone. */
  readonly student: DesignDetector;
  /** Beside the memory of good pictures. */
  readonly both: DesignDetector;
}

/** A design's detectors, as folders of bundles are named. */
export const DETECTORS = ["student", "both"] as const;

export interface DesignOptions {
  /** The folder of a data set, by its name. */
  readonly folderOf: (set: string) => string;
  /** Where the bundles are kept, a folder for each design; null: nowhere. */
  readonly bundles: string | null;
  readonly threads: number;
}

/** A training's name, which is also its file's. */
export const designRunName = ({ design, run }: DesignRun): string => `${designName(design)}-${nameOf(run)}`;

/**
 * Trains a design, and evaluates its student alone and beside the memory.
 * @throws CodedError those of `trainStudent` and `evaluateBundle`
 */
export async function runDesign({ design, run }: DesignRun, options: DesignOptions): Promise<DesignResult> {
  const scratch = await mkdtemp(join(tmpdir(), "retort-ablation-"));
  try {
    const folders = await runFolders(options.folderOf(run.set), run, join(scratch, "pictures"));
    const teacher = await teacherFile(design, run, folders, scratch);
    const epochs = epochsOf(design, run, folders);
    const train: Train = (part) =>
      trainStudent({
        ...{ normal: folders.normal, arch: design.arch, teacher, epochs, seed: run.seed, size: run.size },
        objective: design.objective,
        ...(design.variant === null ? {} : { variant: design.variant }),
        ...(design.taps === undefined ? {} : { taps: design.taps }),
        threads: options.threads,
        ...part,
      });
    const paths = { both: join(scratch, "both"), student: join(scratch, "student") };
    const trained = design.learner === "mean" ? await meanBoth(train, paths) : await trainBoth(train, paths);
    const student = await detector(trained.student, folders);
    const both = await detector(trained.both, folders);
    if (options.bundles !== null) {
      for (const each of DETECTORS) {
        await cp(paths[each], join(options.bundles, designName(design), each), { recursive: true });
      }
    }
    return {
      ...{ design, run, images: folders.images, epochs: trained.both.epochs, loss: trained.both.loss },
      ...{ seconds: trained.both.seconds, student, both },
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A result by the threshold rule of today: what was trained under another rule need not be trained again. */
export function designJudgedAnew(result: DesignResult): DesignResult {
  const anew = (found: DesignDetector): DesignDetector => {
    return { ...found, figures: { ...found.figures, ...judgedByScores(found.scores).own } };
  };
  return { ...result, student: anew(result.student), both: anew(result.both) };
}

async function meanBoth(train: Train, paths: { readonly both: string; readonly student: string }) {
  const both = await train({ out: paths.both, meanMaps: true });
  return { both, student: await train({ out: paths.student, meanMaps: true, memory: 0 }) };
}

async function detector(trained: TrainResult, folders: RunFolders): Promise<DesignDetector> {
  const { figures, scores } = await evaluated(trained.bundle, folders);
  const { cost = null } = (await readBundle(trained.bundle)).manifest;
  return { figures, scores: { set: trained.goodScores, test: scores }, cost };
}

/** The teacher's file; a random one is drawn, by the run's seed, and written into `scratch`. */
async function teacherFile(
  { arch, variant, teacher }: Design,
  { seed, size }: Run,
  { normal }: RunFolders,
  scratch: string,
): Promise<string> {
  if (teacher.kind === "file") return teacher.path;
  const input = { width: size, height: size };
  const [first] = (await readFolder(normal, { recursive: true })).pictures;
  const picture = { pixels: await readRgb(first!, input), size: input };
  const weights = await randomTeacher(networkOf(arch, variant, teacher.width), seed, picture);
  const path = join(scratch, "random.safetensors");
  await writeFile(path, encodeSafetensors(weights));
  return path;
}

function epochsOf({ length }: Design, { seed }: Run, { images }: RunFolders): number {
  if ("epochs" in length) return length.epochs;
  return Math.ceil(length.steps / Math.ceil(splitPictures(images, seed).trained.length / DEFAULTS.batch));
}
