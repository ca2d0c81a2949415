/** `retort quantize`: a bundle in whole numbers of 8 bits, with what that cost. */
import { CodedError } from "../../errors.js";
import {
  amendBundle,
  type Bundle,
  type PrecisionLoss,
  type PrecisionRecord,
  readBundle,
  writeBundle,
} from "../bundle/bundle.js";
import { bundleIdentity } from "../bundle/identity.js";
import { requireWritableBundle } from "../bundle/writable.js";
import { readTestSet } from "../evaluate/dataset.js";
import { evaluateBundle } from "../evaluate/evaluate.js";
import type { Calibration } from "../judging/calibration.js";
import { readModel } from "../onnx/checked-model.js";
import { opsetOf, type Parts, takeApart } from "../onnx/parts.js";
import { createRandom } from "../random.js";
import { readGoodFolder } from "../training/good-folder.js";
import { readGoodPicture } from "../training/good-picture.js";
import { requireEnough } from "../training/good-pictures.js";
import { doubtsAbout } from "./doubts.js";
import { framesPerSecond, type Judged, judged } from "./judged.js";
import { layersIn } from "./layers.js";
import { measured, type Pictures } from "./measured.js";
import { operatorsOf } from "./operators.js";
import { halved, lowered } from "./plan.js";

export const LOWER_PRECISIONS = ["int8", "fp16"] as const;
export type LowerPrecision = (typeof LOWER_PRECISIONS)[number];

export interface QuantizeOptions {
  /** The float32 bundle's directory. */
  readonly bundle: string;
  /** Pictures of good parts, subfolders included. */
  readonly calibration: string;
  readonly out: string;
  /** What the networks are computed in: int8 for CPUs, unless given; fp16 for GPUs. */
  readonly precision?: LowerPrecision;
  /** A data set in the MVTec AD layout, to measure what was lost on. */
  readonly data?: string;
  readonly name?: string;
  readonly version?: string;
  /** What the map's error on the calibration pictures must not exceed, as a share of the map. */
  readonly mapError?: number;
  /** 0: one per core. */
  readonly threads?: number;
  readonly onProgress?: (progress: QuantizeProgress) => void;
  readonly onWarning?: (message: string) => void;
}

export interface QuantizeProgress {
  readonly phase: "reading" | "measuring" | "layers" | "evaluating";
  readonly done: number;
  readonly total: number;
}

export interface QuantizeResult {
  readonly bundle: string;
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** Pictures a second, one at a time. */
  readonly fps: { readonly float: number } & Readonly<Partial<Record<LowerPrecision, number>>>;
  readonly lost: PrecisionLoss | null;
  readonly threshold: number;
  readonly precision: PrecisionRecord;
  /** How often each operator is in the model as ONNX Runtime computes it on this machine's CPU: QLinearConv is a convolution of whole numbers. */
  readonly operators: Readonly<Record<string, number>>;
}

/** Pictures of good parts to measure on, at most. */
const MOST_PICTURES = 64;
/** Of them those whose maps are compared. */
const COMPARED = 8;
/** As a share of the map; see {@link PrecisionRecord}. */
export const MAP_ERROR = 0.1;
/** QuantizeLinear takes a scale for each channel from this version of ONNX's operators on. */
const FIRST_OPSET = 13;

/**
 * Writes a bundle whose convolutions are computed in whole numbers; the picture's normalisation and all behind the features stay float32. The
 * threshold is carried over: raised by as much as the scores of good parts are, in the median.
 * @throws CodedError BUNDLE_*, MODEL_*, IMAGE_*, DATA_*, OPTION_INVALID, TOO_FEW_IMAGES
 */
export async function quantizeBundle(options: QuantizeOptions): Promise<QuantizeResult> {
  const { mapError = MAP_ERROR, threads = 0, precision = "int8", onProgress } = options;
  if (!(mapError > 0 && mapError <= 1)) {
    const remedy = "Give a share of the map above 0 and up to 1.";
    throw new CodedError("OPTION_INVALID", `--map-error is ${mapError}`, { at: "map-error", remedy });
  }
  const bundle = await readBundle(options.bundle);
  const identity = bundleIdentity(options.out, options);
  await requireWritableBundle(options.out, [bundle.modelPath]);
  const model = await readModel(bundle.modelPath, bundle.manifest);
  const parts = takeApart(model);
  requireFloat(parts, bundle);
  // Before the work, not after it.
  if (options.data !== undefined) await readTestSet(options.data);
  const pictures = await readPictures(options, bundle);
  const compared: Pictures = { ...pictures, pixels: pictures.pixels.slice(0, COMPARED) };

  let looked = 0;
  const total = 2 * pictures.pixels.length;
  const found = await measured(parts, pictures, {
    threads,
    onPicture: () => {
      looked += 1;
      onProgress?.({ phase: "measuring", done: looked, total });
    },
  });
  const before = await judged(model, pictures, threads);
  const { float, layers, ...made } =
    precision === "fp16"
      ? await halved(parts, found, compared, before, threads)
      : await lowered(parts, found, compared, before, {
          mostError: mapError,
          threads,
          onLayer: (done, all) => onProgress?.({ phase: "layers", done, total: all }),
        });
  if (made.mapError > mapError) {
    const found = `its map in ${precision} differs by ${made.mapError.toPrecision(3)}, more than ${mapError}`;
    const remedy = "Give a larger --map-error, or keep the float32 bundle.";
    throw new CodedError("MODEL_NOT_LOWERED", found, { at: bundle.modelPath, remedy });
  }
  const after = await judged(made.model, pictures, threads);
  const { threshold: old, calibration } = bundle.manifest;
  const shift = shiftOf(before, after);
  const threshold = old + shift;
  const same = before.scores.filter((score, index) => score >= old === after.scores[index]! >= threshold).length;
  const record: PrecisionRecord = {
    ...{ from: bundle.manifest.sha256, layers, float, images: pictures.pixels.length, mapError: made.mapError },
    ...{ threshold: { before: old, shift, same }, lost: null },
  };
  const manifest = {
    ...bundle.manifest,
    ...identity,
    threshold,
    calibration: calibration === null ? null : shifted(calibration, shift, precision),
    precision,
  };
  const written = await writeBundle(options.out, made.model, { ...manifest, lowered: record });
  const lost = options.data === undefined ? null : await lossOf(bundle, written, options.data, options);
  if (lost !== null) await amendBundle(options.out, { lowered: { ...record, lost } });
  const [floatFps = 0, lowerFps = 0] = await framesPerSecond([model, made.model], compared, { threads });
  const scores = { before: before.scores, after: after.scores };
  const outcome = { ...scores, lost, floatFps, lowerFps, forCpu: precision === "int8" };
  for (const doubt of doubtsAbout(outcome)) options.onWarning?.(doubt);
  return {
    ...{ bundle: options.out, name: identity.name, version: identity.version, sha256: written.manifest.sha256 },
    ...{ fps: { float: floatFps, [precision]: lowerFps }, lost, threshold, precision: { ...record, lost } },
    operators: await operatorsOf(made.model),
  };
}

function requireFloat(parts: Parts, { manifest, modelPath: at }: Bundle): void {
  const refuse = (message: string, remedy?: string) =>
    new CodedError("MODEL_NOT_LOWERED", message, { at, ...(remedy === undefined ? {} : { remedy }) });
  const { precision = "fp32" } = manifest;
  if (precision !== "fp32") throw refuse(`the bundle is in ${precision} already`);
  const opset = opsetOf(parts);
  if (opset < FIRST_OPSET) {
    throw refuse(
      `the model is written for ONNX opset ${opset}, lower precisions need ${FIRST_OPSET}`,
      `Export the model anew for opset ${FIRST_OPSET} or later, then import that.`,
    );
  }
  if (layersIn(parts).length === 0) {
    const remedy = "Use the bundle as it is: there is nothing in it that would become smaller or faster.";
    throw refuse("the model has no convolutions with float32 weights of their own", remedy);
  }
}

async function readPictures(options: QuantizeOptions, { manifest }: Bundle): Promise<Pictures> {
  const { pictures: all } = await readGoodFolder(options.calibration);
  const paths = createRandom(0).shuffle(all).slice(0, MOST_PICTURES);
  const { width, height } = manifest.input;
  const pixels: Uint8Array[] = [];
  const refused: CodedError[] = [];
  for (const [index, path] of paths.entries()) {
    try {
      pixels.push(await readGoodPicture(path, { width, height }, { health: true }));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      refused.push(error);
      options.onWarning?.(`left out ${path}: ${error.code}: ${error.message}`);
    }
    options.onProgress?.({ phase: "reading", done: index + 1, total: paths.length });
  }
  requireEnough(pixels.length, refused, options.calibration);
  return { pixels, size: { width, height } };
}

/** By how much the scores of good parts are higher, in the median: what rounding adds to a cosine distance hardly depends on it. */
function shiftOf(before: Judged, after: Judged): number {
  const shifts = after.scores.map((score, index) => score - before.scores[index]!).sort((a, b) => a - b);
  return shifts[shifts.length >> 1]!;
}

function shifted(calibration: Calibration, shift: number, precision: LowerPrecision): Calibration {
  const { rule, mean, max, quantiles } = calibration;
  return {
    ...calibration,
    rule: `${rule}; raised by ${shift.toPrecision(3)} for ${precision}`,
    mean: mean + shift,
    max: max + shift,
    ...(quantiles === undefined
      ? {}
      : { quantiles: quantiles.map(({ share, score }) => ({ share, score: score + shift })) }),
  };
}

async function lossOf(
  float: Bundle,
  whole: Bundle,
  data: string,
  { threads = 0, onProgress }: QuantizeOptions,
): Promise<PrecisionLoss> {
  const evaluated = (bundle: Bundle, pass: number) =>
    evaluateBundle({
      ...{ bundle: bundle.dir, data, threads },
      onProgress: (done, total) => onProgress?.({ phase: "evaluating", done: pass * total + done, total: 2 * total }),
    });
  const [before, after] = [await evaluated(float, 0), await evaluated(whole, 1)];
  const less = (name: "auroc" | "aupro"): number | null =>
    before.pixel === null || after.pixel === null ? null : before.pixel[name] - after.pixel[name];
  return { image: before.image.auroc - after.image.auroc, pixel: less("auroc"), aupro: less("aupro") };
}
