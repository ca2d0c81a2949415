import { rm } from "node:fs/promises";
import { writeBundle } from "../bundle/bundle.js";
import { bundleIdentity } from "../bundle/identity.js";
import { requireWritableBundle } from "../bundle/writable.js";
import { loadTeacher, type Teacher } from "../network/load.js";
import { studentParameters } from "../network/parameters.js";
import { inferenceGraph, teacherGraph } from "../network/rd.js";
import { encodeModel } from "../onnx/encode.js";
import { imageBaseline } from "../pictures/image-baseline.js";
import { createRandom } from "../random.js";
import type { Weights } from "../weights/weights.js";
import { checkpointOf, requireNoCheckpoint } from "./checkpoint.js";
import { farScores } from "./far-scores.js";
import { openFeatures } from "./features.js";
import { readGoodPictures, splitPictures } from "./good-pictures.js";
import { initialWeights } from "./initial.js";
import { checkpointWriter, type Learned, learn } from "./learn.js";
import { settingsOf, type TrainOptions, type TrainSettings } from "./options.js";
import type { TrainProgress } from "./progress.js";
import { recipeDigest } from "./recipe.js";
import { scorePictures } from "./score.js";
import { stepGraph } from "./step.js";
import { networkOf, openStepper } from "./stepper.js";
import { thresholdFrom } from "./threshold.js";

export type { TrainOptions, TrainProgress };

export interface TrainResult {
  readonly bundle: string;
  readonly name: string;
  readonly version: string;
  /** Of its model.onnx, hexadecimal. */
  readonly sha256: string;
  readonly epochs: number;
  readonly images: number;
  /** Mean of the last epoch. */
  readonly loss: number;
  readonly losses: readonly number[];
  readonly threshold: number;
  /** Good pictures that look wrong: worth a look, and not counted for the threshold. */
  readonly suspicious: readonly { readonly path: string; readonly score: number; readonly reason: string }[];
  readonly trainImagesPerSecond: number;
  readonly seconds: number;
}

/**
 * Learns a student from pictures of good parts and writes its bundle (Deng & Li, CVPR 2022; RD4AD's optimiser and loss).
 * Seeded: the same pictures, seed and number of threads give the same model, also across a kill and `resume`.
 * @throws CodedError; a checkpoint once written stays until the bundle is on disk
 */
export async function trainStudent(options: TrainOptions): Promise<TrainResult> {
  const began = performance.now();
  const settings = settingsOf(options);
  const { out, input, epochs, batch, seed, threads, report } = settings;
  bundleIdentity(out, settings);
  if (!settings.resume) await requireNoCheckpoint(settings.checkpointPath);
  await requireWritableBundle(out);

  const teacher = await loadTeacher(settings.teacher, settings.arch);
  const { paths, pixels, skipped } = await readGoodPictures(settings.normal, input, settings);
  const { trained, heldOut } = splitPictures(pixels.length, seed);
  const { student, losses, imagesPerSecond } = await learnStudent(settings, teacher, pixels, trained);

  const onnx = encodeModel(inferenceGraph(teacher.backbone, { teacher: teacher.weights, student }, input));
  const good = heldOut.map((index) => pixels[index]!);
  const onDone = (done: number) => report({ phase: "calibrating", done, total: good.length });
  const scores = await scorePictures(onnx, good, input, { threads, onDone });
  const far = farScores(scores);
  const suspicious = far.map(({ index, ...rest }) => ({ path: paths[heldOut[index]!]!, ...rest }));
  for (const { path, reason } of suspicious)
    report({ phase: "warning", message: `not counted for the threshold: ${path}: ${reason}` });
  const { threshold, calibration } = thresholdFrom(scores.filter((_, at) => far.every(({ index }) => index !== at)));

  const loss = losses.at(-1)!;
  const images = trained.length;
  const bundle = await writeBundle(out, onnx, {
    ...bundleIdentity(out, settings),
    arch: teacher.backbone.name,
    input,
    threshold,
    calibration,
    imageHealth: imageBaseline(pixels, input.width, input.height),
    training: { images, heldOut: heldOut.length, skipped, epochs, batch, seed, loss, teacher: teacher.sha256 },
  });
  await rm(settings.checkpointPath, { force: true });
  return {
    ...{
      bundle: bundle.dir,
      name: bundle.manifest.name,
      version: bundle.manifest.version,
      sha256: bundle.manifest.sha256,
    },
    ...{ epochs, images, loss, losses, threshold, suspicious },
    trainImagesPerSecond: imagesPerSecond,
    seconds: (performance.now() - began) / 1000,
  };
}

/** The student after its last epoch, begun anew or gone on with from the checkpoint. */
async function learnStudent(
  settings: TrainSettings,
  { backbone, weights }: Teacher,
  pixels: readonly Uint8Array[],
  trained: readonly number[],
): Promise<Learned & { readonly student: Weights }> {
  const { input, epochs, batch, seed, threads, checkpointPath, report, signal } = settings;
  const step = stepGraph(backbone, input);
  const recipe = recipeDigest({ teacher: teacherGraph(backbone, weights, input), step, batch, seed, pixels });
  const checkpoint = settings.resume ? await checkpointOf(checkpointPath, recipe) : null;
  const beginning = () => ({ step: 0, tensors: initialWeights(studentParameters(backbone), createRandom(seed)) });

  const features = await openFeatures(backbone, weights, pixels, input, { threads });
  const stepper = await openStepper(step, checkpoint?.state ?? beginning(), { threads });
  try {
    const learned = await learn({
      ...{ stepper, features, trained, epochs, batch, seed, report, signal },
      from: checkpoint?.progress ?? null,
      save: checkpointWriter(checkpointPath, recipe, stepper, report),
      saveEveryMs: settings.checkpointMs,
    });
    return { ...learned, student: networkOf(stepper.state()) };
  } finally {
    await stepper.close();
    await features.close();
  }
}
