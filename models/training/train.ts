import { rm } from "node:fs/promises";
import { relative } from "node:path";
import { type MemoryRecord, writeBundle } from "../bundle/bundle.js";
import { architectureOf, bundleIdentity } from "../bundle/identity.js";
import { writeOddPictures } from "../bundle/odd-pictures.js";
import { openTeacher } from "../bundle/teacher.js";
import { requireWritableBundle } from "../bundle/writable.js";
import type { Calibration } from "../judging/calibration.js";
import { rankPictures } from "../judging/odd.js";
import type { GoodScores } from "../judging/threshold.js";
import type { Teacher } from "../network/load.js";
import { studentParameters } from "../network/parameters.js";
import { type MemoryPart, teacherGraph } from "../network/rd.js";
import { type Feeds, floats } from "../onnx/session.js";
import { imageBaseline } from "../pictures/image-baseline.js";
import { createRandom } from "../random.js";
import type { Weights } from "../weights/weights.js";
import { requireReportPath } from "../writable.js";
import { checkpointOf, requireNoCheckpoint } from "./checkpoint.js";
import { writeContactSheet } from "./contact-sheet.js";
import { type FeatureSource, openFeatures } from "./features.js";
import { readGoodPictures, splitPictures } from "./good-pictures.js";
import { initialWeights } from "./initial.js";
import { type Judged, judge, judgedMaps } from "./judge.js";
import { checkpointWriter, type Learned, learn } from "./learn.js";
import { hardnessAt } from "./losses.js";
import { meanMaps } from "./mean-maps.js";
import { forget, type Remembered, remember } from "./memory.js";
import { settingsOf, type TrainOptions, type TrainSettings } from "./options.js";
import type { TrainProgress } from "./progress.js";
import { DEFAULTS, recipeDigest } from "./recipe.js";
import { stepGraph } from "./step.js";
import { networkOf, openStepper } from "./stepper.js";

export type { TrainOptions, TrainProgress };

/** Pictures in the contact sheet beside those that look wrong. */
const SHOWN_OF_REST = 6;

/** A good picture that looks wrong: worth a look. */
export interface SuspiciousPicture {
  readonly path: string;
  /** How far it is from the good pictures most like it. */
  readonly score: number;
  readonly reason: string;
}

export interface TrainResult {
  readonly bundle: string;
  readonly name: string;
  readonly version: string;
  /** Of its model.onnx, hexadecimal. */
  readonly sha256: string;
  /** 0 without a student. */
  readonly epochs: number;
  readonly images: number;
  /** Mean of the last epoch; null without a student. */
  readonly loss: number | null;
  readonly losses: readonly number[];
  readonly threshold: number;
  readonly calibration: Calibration;
  /** What the threshold was found from. */
  readonly goodScores: GoodScores;
  /** Further good pictures with which the false-alarm rate would be known well. */
  readonly moreImagesWanted: number;
  /** null where the student judges alone. */
  readonly memory: MemoryRecord | null;
  /** The oddest first. They did not set the threshold. */
  readonly suspicious: readonly SuspiciousPicture[];
  readonly trainImagesPerSecond: number;
  readonly seconds: number;
}

/**
 * Learns a detector from pictures of good parts and writes its bundle: a memory of them, and beside it a student (Deng & Li, CVPR 2022;
 * RD4AD's optimiser and recipe, but for the gradient at places where the student does well already). Seeded: the same pictures, seed and number of threads give the same model, also across a kill and `resume`.
 * @throws CodedError; a checkpoint once written stays until the bundle is on disk
 */
export async function trainStudent(options: TrainOptions): Promise<TrainResult> {
  const began = performance.now();
  const settings = settingsOf(options);
  const { out, input, seed, threads, report, quick } = settings;
  const isTrained = !quick && !settings.meanMaps;
  bundleIdentity(out, settings);
  if (!settings.resume && isTrained) await requireNoCheckpoint(settings.checkpointPath);
  await requireWritableBundle(out, [settings.teacher.teacher]);
  if (settings.reportPath !== undefined) await requireReportPath(settings.reportPath);
  warnOfSize(settings);

  const teacher = await openTeacher(settings.teacher, input);
  const { paths, pixels, skipped } = await readGoodPictures(settings.normal, input, settings);
  const all = [...pixels.keys()];
  const features = await openFeatures(teacher.backbone, teacher.weights, pixels, input, { threads });
  try {
    const everything = await rememberAll(settings, teacher, features, all);
    const { odd, rest } = rankPictures(all.map((index) => everything.distances.get(index)!));
    const suspicious = odd.map(({ index, score, reason }) => ({ path: paths[index]!, score, reason }));
    reportSuspicious(suspicious, settings);
    const isOdd = new Set(odd.map(({ index }) => index));
    const isUsed = (index: number) => settings.suspicious === "keep" || !isOdd.has(index);
    const split = quick ? { trained: all, heldOut: [] } : splitPictures(pixels.length, seed);
    const trained = split.trained.filter(isUsed);
    const lessons = { features, pixels, trained, isUsed };
    const learned = isTrained ? await learnStudent(settings, teacher, lessons) : null;
    const means = settings.meanMaps ? await meanMaps(features, trained) : null;

    const judged: Judged = {
      ...{ backbone: teacher.backbone, teacher: teacher.weights, student: learned?.student ?? means },
      remembered:
        settings.memory === 0 ? null : settings.suspicious === "keep" ? everything : forget(everything, isOdd),
      ...{ size: input, threads, pixels, trained, heldOut: split.heldOut, odd: isOdd },
      falseAlarms: settings.falseAlarms,
      onDone: (done, total) => report({ phase: "calibrating", done, total }),
    };
    const { threshold, calibration, moreImagesWanted, scores, memory, onnx } = await judge(judged);
    const loss = learned?.losses.at(-1) ?? null;
    const epochs = isTrained ? settings.epochs : 0;
    const [images, heldOut] = [trained.length, split.heldOut.length];
    const record = memory === null ? null : recordOf(memory);
    const bundle = await writeBundle(out, onnx, {
      ...bundleIdentity(out, settings),
      ...architectureOf(teacher.backbone),
      input,
      threshold,
      calibration,
      ...(record === null ? {} : { memory: record }),
      imageHealth: imageBaseline(pixels, input.width, input.height),
      training: {
        ...{ images, heldOut, skipped, suspicious: odd.length, epochs, batch: settings.batch, seed, loss },
        ...(isTrained ? { objective: settings.objective } : {}),
        teacher: teacher.sha256,
      },
    });
    const ranked = [...odd, ...rest].map(({ index, reason }) => {
      const name = relative(settings.normal, paths[index]!);
      return { name, reason, suspicious: isOdd.has(index), pixels: pixels[index]! };
    });
    await writeOddPictures(bundle, ranked, { size: input, images: pixels.length });
    if (settings.reportPath !== undefined) {
      const shown = [...odd, ...rest.slice(0, SHOWN_OF_REST)];
      const maps = await judgedMaps(
        judged,
        memory,
        shown.map(({ index }) => index),
      );
      const pictures = shown.map(({ index, reason }, at) => {
        return { path: paths[index]!, reason, pixels: pixels[index]!, map: maps[at]! };
      });
      await writeContactSheet(settings.reportPath, {
        ...{ name: bundle.manifest.name, images: pixels.length, size: input, threshold },
        ...{ odd: pictures.slice(0, odd.length), rest: pictures.slice(odd.length) },
      });
    }
    if (isTrained && !settings.keepCheckpoint) await rm(settings.checkpointPath, { force: true });
    return {
      bundle: bundle.dir,
      ...{ name: bundle.manifest.name, version: bundle.manifest.version, sha256: bundle.manifest.sha256 },
      ...{ epochs, images, loss, losses: learned?.losses ?? [] },
      ...{ threshold, calibration, goodScores: scores, moreImagesWanted },
      ...{ memory: record, suspicious },
      trainImagesPerSecond: learned?.imagesPerSecond ?? 0,
      seconds: (performance.now() - began) / 1000,
    };
  } finally {
    await features.close();
  }
}

function warnOfSize({ input, report }: TrainSettings): void {
  const side = Math.min(input.width, input.height);
  if (side >= DEFAULTS.size) return;
  const message = `at ${side} pixels much is missed that ${DEFAULTS.size} would show: one category fell from image AUROC 0.95 to 0.65 at 128`;
  report({ phase: "warning", message });
}

/** The memory of all pictures; it tells which of them look wrong, also where the model is to have none. */
function rememberAll(
  { input, threads, memory, report }: TrainSettings,
  { backbone }: Teacher,
  features: FeatureSource,
  indices: readonly number[],
): Promise<Remembered> {
  const onDone = (done: number) => report({ phase: "remembering", done, total: indices.length });
  return remember(
    { features, scale: backbone.scales[2], size: input, threads, onDone },
    indices,
    memory || DEFAULTS.memory,
  );
}

function reportSuspicious(
  suspicious: readonly SuspiciousPicture[],
  { suspicious: policy, report }: TrainSettings,
): void {
  const what = policy === "keep" ? "not counted for the threshold" : "left out of training, memory and threshold";
  for (const { path, reason } of suspicious) report({ phase: "warning", message: `${what}: ${path}: ${reason}` });
}

const recordOf = ({ memory, weight, scale }: MemoryPart): MemoryRecord => ({
  ...{ pictures: memory.pictures, channels: memory.channels, weight, scale },
});

/** What a student learns from. */
interface Lessons {
  readonly features: FeatureSource;
  readonly pixels: readonly Uint8Array[];
  readonly trained: readonly number[];
  /** Whether a picture has any part in the training, held out or not. */
  readonly isUsed: (index: number) => boolean;
}

/** The student after its last epoch, begun anew or gone on with from the checkpoint. */
async function learnStudent(
  settings: TrainSettings,
  { backbone, weights }: Teacher,
  { features, pixels, trained, isUsed }: Lessons,
): Promise<Learned & { readonly student: Weights }> {
  const { input, epochs, batch, seed, threads, checkpointPath, report, signal } = settings;
  const step = stepGraph(backbone, input, settings.objective);
  const used = pixels.filter((_, index) => isUsed(index));
  const recipe = recipeDigest({ teacher: teacherGraph(backbone, weights, input), step, batch, seed, pixels: used });
  const checkpoint = settings.resume ? await checkpointOf(checkpointPath, recipe) : null;
  const beginning = () => ({ step: 0, tensors: initialWeights(studentParameters(backbone), createRandom(seed)) });

  const stepper = await openStepper(step, checkpoint?.state ?? beginning(), {
    threads,
    ...(settings.objective === "hard-positions" ? { feeds: hardnessFeed } : {}),
  });
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
  }
}

const hardnessFeed = (step: number): Feeds => ({ hardness: floats(Float32Array.of(hardnessAt(step)), []) });
