/** `retort import`: a bundle from somebody else's anomaly model. */
import { CodedError, messageOf } from "../../errors.js";
import { type Bundle, type ImportRecord, writeBundle } from "../bundle/bundle.js";
import { bundleIdentity } from "../bundle/identity.js";
import { requireWritableBundle } from "../bundle/writable.js";
import { IMAGENET } from "../network/backbones/backbone.js";
import type { Refuse } from "../onnx/check/messages.js";
import { checkedModel, readForeignModel } from "../onnx/checked-model.js";
import { assemble, opsetOf, type Parts, takeApart } from "../onnx/parts.js";
import { DATA_TYPE } from "../onnx/schema.js";
import { floats, floatsOf, openSession, Tensor } from "../onnx/session.js";
import type { Size } from "../pictures/images.js";
import { createRandom } from "../random.js";
import {
  type ForeignInput,
  floatingType,
  foreignInput,
  foreignOutput,
  isNormalised,
  NORMALISED_THRESHOLD,
  normalisesItself,
  refusalAt,
  shown,
} from "./foreign.js";
import { type Normalisation, type SeenMap, wrapped } from "./wrap.js";

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
  await requireWritableBundle(out);
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
  await requireOne(onnx, size, refuse);
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

function sizeOf(input: ForeignInput, { size }: ImportOptions, assumed: string[], refuse: Refuse): Size {
  const { width, height } = input;
  if (size !== undefined) {
    const fits = (side: number, own: number | null) => own === null || own === side;
    if (fits(size.width, width) && fits(size.height, height)) return size;
    const own = `${width ?? "any"} x ${height ?? "any"}`;
    throw refuse("MODEL_IMPORT_REFUSED", `it takes pictures of ${own}, --size is ${size.width} x ${size.height}`);
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
  if (stated || inputRange === "normalised") return normalised;
  const unit = { mean: [0, 0, 0], deviation: [1, 1, 1] };
  if (inputRange === "0..1") return unit;
  if (inputRange === "0..255") return { mean: [0, 0, 0], deviation: [1 / 255, 1 / 255, 1 / 255] };
  if (normalisesItself(parts, input.name)) {
    assumed.push("it takes pixels of 0..1: it normalises them itself (--input-range)");
    return unit;
  }
  assumed.push("it takes pixels normalised by ImageNet's mean and deviation: it does not do so itself (--input-range)");
  return normalised;
}

function mapOf(parts: Parts, { mapOutput }: ImportOptions, assumed: string[], refuse: Refuse): string {
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
    `none of its outputs is known as an anomaly map: ${names}; --map-output names it`,
  );
}

function thresholdOf(parts: Parts, { threshold }: ImportOptions, assumed: string[]): number {
  if (threshold !== undefined) return threshold;
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

/** The map as the model yields it for one picture, and whether score and map are one number and one plane. */
async function seenMap(
  model: Uint8Array,
  { name, layout }: ForeignInput,
  { width, height }: Size,
  { map, score }: { readonly map: string; readonly score: string | null },
  refuse: Refuse,
): Promise<SeenMap> {
  const dims = layout === "NCHW" ? [1, 3, height, width] : [1, height, width, 3];
  const outputs = await tried(model, { [name]: floats(new Float32Array(3 * height * width).fill(0.5), dims) }, refuse);
  const found = outputs[map]?.dims ?? [];
  // One plane, whether its axis of one channel comes before height and width or behind.
  const last = found.length === 4 && found[3] === 1 && found[1] !== 1 ? found.slice(0, 3) : found;
  const [rows = 0, columns = 0] = last.slice(-2);
  if (last.length < 2 || rows < 1 || columns < 1 || last.slice(0, -2).some((dim) => dim !== 1)) {
    throw refuse(
      "MODEL_IMPORT_REFUSED",
      `its output ${shown(map)} is [${found.join(", ")}] for one picture, not a map`,
    );
  }
  const scores = score === null ? 1 : (outputs[score]?.dims ?? [0]).reduce((product, dim) => product * dim, 1);
  if (scores !== 1) {
    throw refuse(
      "MODEL_IMPORT_REFUSED",
      `its output ${shown(score ?? "")} holds ${scores} numbers for one picture, not a score`,
    );
  }
  return { name: map, rows, columns };
}

async function tried(
  model: Uint8Array,
  feeds: Parameters<Awaited<ReturnType<typeof openSession>>["run"]>[0],
  refuse: Refuse,
): Promise<Record<string, Tensor>> {
  try {
    const session = await openSession(model, { quiet: true });
    return await session.run(feeds).finally(() => session.close());
  } catch (cause) {
    throw refuse("MODEL_IMPORT_REFUSED", `ONNX Runtime cannot compute it: ${messageOf(cause).slice(0, 300)}`);
  }
}

/** Whether two pictures at a time get the scores and maps that each gets alone. */
async function takesMany(model: Uint8Array, size: Size): Promise<boolean> {
  const pixels = noise(2, size);
  try {
    const session = await openSession(model, { quiet: true });
    try {
      const both = await session.run(feed(pixels, 2, size));
      const half = pixels.length / 2;
      const alone = await session.run(feed(pixels.slice(half), 1, size));
      const [together, own] = [floatsOf(both.map), floatsOf(alone.map)];
      const second = together.subarray(own.length);
      const far = Math.max(Math.abs(floatsOf(both.score)[1]! - floatsOf(alone.score)[0]!), ...differences(second, own));
      return together.length === 2 * own.length && far < 1e-3;
    } finally {
      await session.close();
    }
  } catch {
    // A model of one picture's shapes says so in many ways: it is given one at a time.
    return false;
  }
}

function differences(some: Float32Array, others: Float32Array): readonly number[] {
  let most = 0;
  for (let at = 0; at < others.length; at += 1) most = Math.max(most, Math.abs(some[at]! - others[at]!));
  return [most];
}

async function requireOne(model: Uint8Array, size: Size, refuse: Refuse): Promise<void> {
  const { map, score } = await tried(model, feed(noise(1, size), 1, size), refuse);
  const numbers = [...floatsOf(score), ...floatsOf(map).subarray(0, 1)];
  if (
    floatsOf(score).length === 1 &&
    floatsOf(map).length === size.width * size.height &&
    numbers.every(Number.isFinite)
  )
    return;
  throw refuse("MODEL_IMPORT_REFUSED", "its score or map of a picture of noise is no finite number");
}

function noise(count: number, { width, height }: Size): Uint8Array {
  const random = createRandom(5);
  return Uint8Array.from({ length: count * width * height * 3 }, () => random.int(256));
}

const feed = (pixels: Uint8Array, count: number, { width, height }: Size) => ({
  image: new Tensor("uint8", pixels, [count, height, width, 3]),
});
