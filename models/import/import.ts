/** `retort import`: a bundle from somebody else's anomaly model. */
import { CodedError } from "../../errors.js";
import { type Bundle, type ImportRecord, writeBundle } from "../bundle/bundle.js";
import { bundleIdentity } from "../bundle/identity.js";
import { requireWritableBundle } from "../bundle/writable.js";
import { IMAGENET } from "../network/backbones/backbone.js";
import { checkedModel, readForeignModel } from "../onnx/checked-model.js";
import { assemble, opsetOf, type Parts, takeApart } from "../onnx/parts.js";
import { DATA_TYPE } from "../onnx/schema.js";
import type { Size } from "../pictures/images.js";
import {
  type ForeignInput,
  floatingType,
  foreignInput,
  foreignOutput,
  isNormalised,
  NORMALISED_THRESHOLD,
  normalisesItself,
  type RefuseImport,
  refusalAt,
  shown,
} from "./foreign.js";
import { requireOne, seenMap, type Trial, takesMany } from "./trial.js";
import { type Normalisation, wrapped } from "./wrap.js";

/** What a model expects of its pixels: shares of white, or the 0 to 255 of cameras, or normalised by mean and deviation. */
export const INPUT_RANGES = ["0..1", "0..255", "normalised"] as const;

export interface ImportOptions {
  /** An ONNX file. */
  readonly file: string;
  readonly out: string;
  readonly name?: string;
  readonly version?: string;
  /** Where the model leaves it open; 256 x 256 unless given. */
  readonly size?: Size;
  /** Guessed from the model's first operators unless given. */
  readonly inputRange?: (typeof INPUT_RANGES)[number];
  /** Of red, green and blue, on a scale of 0 to 1; with these the input is normalised. ImageNet's unless given. */
  readonly mean?: readonly number[];
  readonly deviation?: readonly number[];
  /** The score above which a picture is bad; 0.5 where the model's outputs say that it is normalised. */
  readonly threshold?: number;
  /** Names of outputs; known ones are looked for unless given. */
  readonly mapOutput?: string;
  readonly scoreOutput?: string;
}

const USUAL_SIDE = 256;
/** Conv, Reshape and what else the wrapping is made of mean the same from this version on. */
const FIRST_OPSET = 9;

/** @throws CodedError MODEL_*, OPTION_INVALID, BUNDLE_UNWRITABLE */
export async function importBundle(options: ImportOptions): Promise<Bundle> {
  const { file, out } = options;
  const refuse = refusalAt(file);
  const identity = bundleIdentity(out, options);
  await requireWritableBundle(out, [file]);
  const { model, sha256 } = await readForeignModel(file);
  const parts = takeApart(model);
  if (opsetOf(parts) < FIRST_OPSET) {
    throw refuse(
      "MODEL_IMPORT_REFUSED",
      `it is written for ONNX opset ${opsetOf(parts)}; ${FIRST_OPSET} is the oldest read`,
    );
  }
  const assumed: string[] = [];
  const input = foreignInput(parts, refuse);
  const size = sizeOf(input, options, assumed, refuse);
  const normalisation = normalisationOf(parts, input, options, assumed);
  const map = mapOf(parts, options, assumed, refuse);
  const score = foreignOutput("score", options.scoreOutput, parts, refuse);
  floatingType(map, parts, refuse);
  if (score === null) assumed.push("the picture's score is the maximum of its map");
  else floatingType(score, parts, refuse);
  const threshold = thresholdOf(parts, options, assumed);
  const seen = await seenMap(assemble(withOpenSizes(parts, input)), input, size, { map, score }, refuse);
  const made = (free: boolean) => assemble(wrapped(parts, { input, size, normalisation, map: seen, score, free }));
  const free = await takesMany(made(true), size);
  if (!free) assumed.push("pictures are judged one at a time: the model takes no more");
  const onnx = made(free);
  checkedModel(onnx, size, file);
  const trial = await requireOne(onnx, size, refuse);
  if (score !== null && !isOneScale(trial)) assumed.push(scaleNote(trial));
  const imported: ImportRecord = {
    ...{ from: sha256, producer: (parts.model.producerName ?? "").slice(0, 100) },
    ...{ input: { name: input.name, layout: input.layout, ...normalisation }, outputs: { score, map }, assumed },
  };
  return writeBundle(out, onnx, {
    ...identity,
    ...{ arch: "imported", imported, threshold, calibration: null, training: null },
    input: { ...size, ...(free ? {} : { batch: 1 }) },
  });
}

/** The model as it computes, whatever it declares of sizes: many an export fixes the number of pictures in what it declares alone. */
function withOpenSizes(parts: Parts, { name }: ForeignInput): Parts {
  const open = (value: Parts["outputs"][number]) => {
    const { elemType = DATA_TYPE.float32 } = value.type?.tensorType ?? {};
    return { ...value, type: { tensorType: { elemType } } };
  };
  return {
    ...parts,
    inputs: parts.inputs.map((value) => (value.name === name ? open(value) : value)),
    outputs: parts.outputs.map(open),
  };
}

function sizeOf(input: ForeignInput, { size }: ImportOptions, assumed: string[], refuse: RefuseImport): Size {
  const { width, height } = input;
  if (size !== undefined) {
    const fits = (side: number, own: number | null) => own === null || own === side;
    if (fits(size.width, width) && fits(size.height, height)) return size;
    const own = `${width ?? "any"} x ${height ?? "any"}`;
    const message = `it takes pictures of ${own}, --size is ${size.width} x ${size.height}`;
    throw refuse("MODEL_IMPORT_REFUSED", message, "Leave out --size, or export the model for that size.");
  }
  if (width === null || height === null) {
    assumed.push(`pictures of ${width ?? USUAL_SIDE} x ${height ?? USUAL_SIDE}: the model takes any size (--size)`);
  }
  return { width: width ?? USUAL_SIDE, height: height ?? USUAL_SIDE };
}

function normalisationOf(
  parts: Parts,
  input: ForeignInput,
  { inputRange, mean, deviation }: ImportOptions,
  assumed: string[],
): Normalisation {
  const stated = mean !== undefined || deviation !== undefined;
  if (stated && inputRange !== undefined && inputRange !== "normalised") {
    const remedy = "Leave out one of --input-range and --mean with --deviation.";
    throw new CodedError("OPTION_INVALID", `--input-range is ${inputRange}, and a mean or deviation is given`, {
      remedy,
    });
  }
  const normalised = { mean: mean ?? IMAGENET.mean, deviation: deviation ?? IMAGENET.deviation };
  const itself = normalisesItself(parts, input.name);
  if (stated || inputRange === "normalised") {
    if (itself)
      assumed.push("pixels are normalised for it as stated, and it seems to do so itself, too (--input-range 0..1)");
    return normalised;
  }
  const unit = { mean: [0, 0, 0], deviation: [1, 1, 1] };
  if (inputRange === "0..1") return unit;
  if (inputRange === "0..255") return { mean: [0, 0, 0], deviation: [1 / 255, 1 / 255, 1 / 255] };
  if (itself) {
    assumed.push("it takes pixels of 0..1: it normalises them itself (--input-range)");
    return unit;
  }
  assumed.push("it takes pixels normalised by ImageNet's mean and deviation: it does not do so itself (--input-range)");
  return normalised;
}

function mapOf(parts: Parts, { mapOutput }: ImportOptions, assumed: string[], refuse: RefuseImport): string {
  const named = foreignOutput("map", mapOutput, parts, refuse);
  if (named !== null) return named;
  const withSpace = parts.outputs.filter(({ type }) => {
    const rank = type?.tensorType?.shape?.dim?.length ?? 0;
    return type?.tensorType?.elemType === 1 && (rank === 3 || rank === 4);
  });
  const [only] = withSpace;
  if (withSpace.length === 1 && only?.name !== undefined) {
    assumed.push(`the anomaly map is ${shown(only.name)}: the one output with height and width (--map-output)`);
    return only.name;
  }
  const names = parts.outputs
    .map(({ name = "" }) => shown(name))
    .join(", ")
    .slice(0, 300);
  throw refuse(
    "MODEL_IMPORT_REFUSED",
    `none of its outputs is known as an anomaly map: ${names}`,
    "Name the one that is with --map-output; a model that yields only a score cannot show where a defect is.",
  );
}

function thresholdOf(parts: Parts, { threshold }: ImportOptions, assumed: string[]): number {
  if (threshold !== undefined) {
    if (threshold > 0) return threshold;
    const remedy = "Give a score above 0; a model whose scores are below 0 has to be exported with scores from 0 on.";
    throw new CodedError("OPTION_INVALID", `--threshold is ${threshold}`, { at: "threshold", remedy });
  }
  if (isNormalised(parts)) {
    assumed.push(
      `a picture is bad from a score of ${NORMALISED_THRESHOLD}: the model holds its own threshold (--threshold)`,
    );
    return NORMALISED_THRESHOLD;
  }
  throw new CodedError("OPTION_INVALID", "the model does not say from which score on a picture is bad", {
    at: "threshold",
    remedy: "Give --threshold, then set it from good pictures with `retort calibrate`.",
  });
}

/** A score that is not the maximum of its map by more than a factor of this much is on another scale. */
const ONE_SCALE = 1.5;

/** Whether one threshold can go for score and map. */
function isOneScale({ score, highest }: Trial): boolean {
  return score === highest || (highest < ONE_SCALE * score && score < ONE_SCALE * highest);
}

function scaleNote({ score, highest }: Trial): string {
  const figures = `of a picture of noise the score is ${score.toPrecision(3)}, the map's maximum ${highest.toPrecision(3)}`;
  return `regions lie where the map exceeds the score's threshold, as if both were on one scale: ${figures}`;
}
