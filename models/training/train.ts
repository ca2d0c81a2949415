import { createHash } from "node:crypto";
import { access, rm } from "node:fs/promises";
import { basename } from "node:path";
import { CodedError } from "../../errors.js";
import { type Bundle, writeBundle } from "../bundle/bundle.js";
import { studentParameters } from "../network/declared-layers.js";
import { inferenceGraph } from "../network/rd.js";
import { encodeModel } from "../onnx/encode.js";
import { imageBaseline } from "../pictures/image-baseline.js";
import { listImages } from "../pictures/images.js";
import { createRandom } from "../random.js";
import { loadTeacher, type Teacher } from "../weights/load.js";
import { type Checkpoint, readCheckpoint } from "./checkpoint.js";
import { openFeatures, type Pictures, readPictures } from "./features.js";
import { initialWeights } from "./initial.js";
import { checkpointSaver, learn } from "./learn.js";
import type { TrainProgress } from "./progress.js";
import { scorePictures } from "./score.js";
import { stepGraph } from "./step.js";
import { networkOf, openStepper } from "./stepper.js";
import { thresholdFrom } from "./threshold.js";

export type { TrainProgress };

export interface TrainOptions {
  /** Folder of pictures of good parts, searched with its subfolders. */
  readonly normal: string;
  readonly arch: string;
  /** .safetensors */
  readonly teacher: string;
  /** The bundle directory to write. */
  readonly out: string;
  readonly epochs?: number;
  /** Side of the square input, pixels; a multiple of 32. */
  readonly size?: number;
  readonly batch?: number;
  readonly seed?: number;
  /** Goes on from the checkpoint beside `out` if there is one. */
  readonly resume?: boolean;
  /** 0: one per core. */
  readonly threads?: number;
  /** Seconds between checkpoints within an epoch; every epoch's end writes one too. */
  readonly checkpointSeconds?: number;
  readonly onProgress?: (progress: TrainProgress) => void;
  readonly signal?: AbortSignal;
}

export interface TrainResult {
  readonly bundle: string;
  readonly epochs: number;
  readonly images: number;
  /** Mean of the last epoch. */
  readonly loss: number;
  readonly losses: readonly number[];
  readonly threshold: number;
  readonly trainImagesPerSecond: number;
  readonly seconds: number;
}

/** Fewer cannot give both a student and a threshold. */
const FEWEST_PICTURES = 4;
/** Every tenth picture is held out for the threshold, at most this many. */
const MOST_HELD_OUT = 64;

/**
 * Learns a student from pictures of good parts and writes its bundle (Deng & Li, CVPR 2022; RD4AD's optimiser and loss).
 * Seeded: the same pictures, seed and number of threads give the same model, also across a kill and `resume`.
 * @throws CodedError; a checkpoint once written stays until the bundle is
 */
export async function trainStudent(options: TrainOptions): Promise<TrainResult> {
  const { normal, out, epochs = 10, size = 256, batch = 16, seed = 0, threads = 0 } = options;
  const began = performance.now();
  const report = options.onProgress ?? (() => {});
  requireWhole({ epochs, batch }, size);
  const input = { width: size, height: size };
  const teacher = await loadTeacher(options.teacher, options.arch);
  const checkpointPath = `${out}.checkpoint.safetensors`;
  await refuseForgotten(checkpointPath, options.resume === true);

  const paths = await listImages(normal, { recursive: true });
  const pictures = await readPictures(paths, input, (done) => report({ phase: "reading", done, total: paths.length }));
  for (const { path, reason } of pictures.skipped) report({ phase: "warning", message: `left out ${path}: ${reason}` });
  requireEnough(pictures, normal);
  const { trained, heldOut } = split(pictures.pixels.length, seed);

  const recipe = recipeOf(teacher, pictures, { size, batch, seed });
  const checkpoint = await resumable(checkpointPath, recipe, options.resume === true);
  const features = await openFeatures(teacher.arch, teacher.weights, pictures.pixels, input, { threads });
  const random = createRandom(seed);
  const start = checkpoint?.state ?? { step: 0, tensors: initialWeights(studentParameters(teacher.arch), random) };
  const stepper = await openStepper(stepGraph(teacher.arch, input), start, { threads });
  try {
    const { losses, imagesPerSecond } = await learn({
      stepper,
      features,
      trained,
      epochs,
      batch,
      seed,
      from: checkpoint ?? { epoch: 0, batch: 0, losses: [], epochLosses: [] },
      report,
      signal: options.signal,
      save: checkpointSaver(checkpointPath, recipe, stepper, report),
      checkpointMs: (options.checkpointSeconds ?? 120) * 1000,
    });
    const student = networkOf(stepper.state());
    const onnx = encodeModel(inferenceGraph(teacher.arch, { teacher: teacher.weights, student }, input));
    const scores = await scorePictures(
      onnx,
      heldOut.map((index) => pictures.pixels[index]!),
      input,
      {
        threads,
        onDone: (done) => report({ phase: "calibrating", done, total: heldOut.length }),
      },
    );
    const { threshold, calibration } = thresholdFrom(scores);
    const bundle: Bundle = await writeBundle(out, onnx, {
      name: basename(out),
      version: "1",
      arch: teacher.arch.name,
      input,
      threshold,
      calibration,
      imageHealth: imageBaseline(pictures.pixels, input.width, input.height),
      training: {
        images: trained.length,
        heldOut: heldOut.length,
        skipped: pictures.skipped.length,
        epochs,
        batch,
        seed,
        loss: losses.at(-1)!,
        teacher: teacher.sha256,
      },
      created: new Date().toISOString(),
    });
    await rm(checkpointPath, { force: true });
    return {
      bundle: bundle.dir,
      epochs,
      images: trained.length,
      loss: losses.at(-1)!,
      losses,
      threshold,
      trainImagesPerSecond: imagesPerSecond,
      seconds: (performance.now() - began) / 1000,
    };
  } finally {
    await stepper.close();
    await features.close();
  }
}

async function refuseForgotten(path: string, resume: boolean): Promise<void> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!exists || resume) return;
  throw new CodedError("CHECKPOINT_EXISTS", "an unfinished training of this bundle is kept", {
    at: path,
    remedy: "Go on with --resume, or delete the checkpoint to begin anew.",
  });
}

async function resumable(path: string, recipe: string, resume: boolean): Promise<Checkpoint | null> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!resume || !exists) return null;
  const checkpoint = await readCheckpoint(path);
  if (checkpoint.recipe === recipe) return checkpoint;
  throw new CodedError("CHECKPOINT_MISMATCH", "the checkpoint is of other pictures or settings", {
    at: path,
    remedy: "Resume with the same pictures, teacher, size, batch and seed, or delete the checkpoint.",
  });
}

function recipeOf(teacher: Teacher, pictures: Pictures, settings: object): string {
  const digest = createHash("sha256").update(
    JSON.stringify({ teacher: teacher.sha256, arch: teacher.arch, ...settings }),
  );
  for (const pixels of pictures.pixels) digest.update(pixels);
  return digest.digest("hex");
}

function split(count: number, seed: number): { trained: number[]; heldOut: number[] } {
  const order = createRandom(seed ^ 0x5eed).shuffle(Array.from({ length: count }, (_, index) => index));
  const held = Math.min(MOST_HELD_OUT, Math.max(1, Math.round(count / 10)));
  return { heldOut: order.slice(0, held), trained: order.slice(held) };
}

function requireEnough(pictures: Pictures, normal: string): void {
  if (pictures.pixels.length >= FEWEST_PICTURES) return;
  throw new CodedError(
    "TOO_FEW_IMAGES",
    `${pictures.pixels.length} readable pictures; ${FEWEST_PICTURES} are the least`,
    {
      at: normal,
      remedy: "Give more pictures of good parts; a hundred or more make a good model.",
    },
  );
}

function requireWhole(counts: Readonly<Record<string, number>>, size: number): void {
  for (const [name, value] of Object.entries(counts)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new CodedError("OPTION_INVALID", `--${name} is ${value}`, {
      at: name,
      remedy: "Give a whole number from 1.",
    });
  }
  if (Number.isInteger(size) && size >= 64 && size % 32 === 0) return;
  throw new CodedError("OPTION_INVALID", `--size is ${size}`, {
    at: "size",
    remedy: "Give a multiple of 32, at least 64.",
  });
}
