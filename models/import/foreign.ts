import { CodedError, type ErrorCode } from "../../errors.js";
import type { Value } from "../onnx/check/messages.js";
import { toNumber } from "../onnx/check/messages.js";
import { consumersIn, floatsIn, type Parts } from "../onnx/parts.js";
import { DATA_TYPE, NARROW_TYPE } from "../onnx/schema.js";

/** The one input of somebody else's model, and what is known of its sizes. */
export interface ForeignInput {
  readonly name: string;
  readonly layout: "NCHW" | "NHWC";
  /** Null: any. */
  readonly batch: number | null;
  readonly height: number | null;
  readonly width: number | null;
}

const MOST_SIDE = 8_192;
const CHANNELS = 3;

/** A refusal of the file, with the table's remedy unless the place knows a better one. */
export type RefuseImport = (code: ErrorCode, message: string, remedy?: string) => CodedError;

export function refusalAt(at: string): RefuseImport {
  return (code, message, remedy) => new CodedError(code, message, { at, ...(remedy === undefined ? {} : { remedy }) });
}

/** A size that is given as a number; null where it is left open. */
function sizesOf(value: Value): readonly (number | null)[] | null {
  const dims = value.type?.tensorType?.shape?.dim;
  return dims?.map(({ dimValue }) => (dimValue === undefined ? null : toNumber(dimValue))) ?? null;
}

/** @throws CodedError MODEL_IMPORT_REFUSED for anything but one float32 RGB picture, or several */
export function foreignInput({ inputs, constants }: Parts, refuse: RefuseImport): ForeignInput {
  const own = inputs.filter(({ name = "" }) => !constants.has(name));
  const [input] = own;
  if (own.length !== 1 || input === undefined) {
    const names = own.map(({ name = "" }) => shown(name)).join(", ");
    throw refuse("MODEL_IMPORT_REFUSED", `it has ${own.length} inputs (${names.slice(0, 200)}), not one picture`);
  }
  const name = input.name ?? "";
  const type = input.type?.tensorType?.elemType;
  if (type !== DATA_TYPE.float32) {
    throw refuse("MODEL_IMPORT_REFUSED", `its input ${shown(name)} is ${typeName(type)}, not float32`);
  }
  const sizes = sizesOf(input);
  const wrong = () => `its input ${shown(name)} is [${(sizes ?? []).slice(0, 8).map((size) => size ?? "?")}]`;
  if (sizes?.length !== 4) throw refuse("MODEL_IMPORT_REFUSED", `${wrong()}, not [N, 3, H, W] or [N, H, W, 3]`);
  const [batch = null, second = null, third = null, fourth = null] = sizes;
  const layout = second === CHANNELS || (second === null && fourth !== CHANNELS) ? "NCHW" : "NHWC";
  const [channels, height, width] = layout === "NCHW" ? [second, third, fourth] : [fourth, second, third];
  if (channels !== CHANNELS && channels !== null) {
    throw refuse("MODEL_IMPORT_REFUSED", `${wrong()}: it has no axis of three channels, red, green and blue`);
  }
  for (const side of [batch, height, width]) {
    if (side !== null && !(side >= 1 && side <= MOST_SIDE)) throw refuse("MODEL_IMPORT_REFUSED", wrong());
  }
  return { name, layout, batch, height, width };
}

/** What a model's outputs may be called by, the likeliest first: anomalib's names, then others' and our own. */
const NAMES = {
  map: ["anomaly_map", "anomaly_maps", "map", "heatmap", "heat_map"],
  score: ["pred_score", "pred_scores", "anomaly_score", "image_score", "score", "scores"],
} as const;
/** Outputs that anomalib adds where it has normalised scores and maps around a threshold of 0.5. */
const JUDGING = ["pred_label", "pred_labels", "pred_mask", "pred_masks"];
export const NORMALISED_THRESHOLD = 0.5;

/** Whether the names of the outputs are those of an anomalib export whose scores are around {@link NORMALISED_THRESHOLD}. */
export function isNormalised({ outputs }: Parts): boolean {
  return outputs.some(({ name = "" }) => JUDGING.includes(name));
}

/**
 * The output that a map or a score is.
 * @param wanted by name, where somebody stated it
 * @returns null where none has a name that says so
 * @throws CodedError MODEL_IMPORT_REFUSED where there is none of the name wanted
 */
export function foreignOutput(
  kind: keyof typeof NAMES,
  wanted: string | undefined,
  { outputs }: Parts,
  refuse: RefuseImport,
): string | null {
  const names = outputs.map(({ name = "" }) => name);
  if (wanted !== undefined && !names.includes(wanted)) {
    const known = names.map(shown).join(", ").slice(0, 300);
    const remedy = `Name one of them with --${kind}-output.`;
    throw refuse("MODEL_IMPORT_REFUSED", `it has no output ${shown(wanted)}; its outputs are ${known}`, remedy);
  }
  return wanted ?? NAMES[kind].find((name) => names.includes(name)) ?? null;
}

/** The type of an output, by its name; refused where it is no number with a fraction. */
export function floatingType(name: string, { outputs }: Parts, refuse: RefuseImport): number {
  const type = outputs.find((output) => output.name === name)?.type?.tensorType?.elemType;
  if (type === DATA_TYPE.float32 || type === NARROW_TYPE.float16 || type === NARROW_TYPE.double) return type;
  throw refuse("MODEL_IMPORT_REFUSED", `its output ${shown(name)} is ${typeName(type)}, not float32`);
}

/** Operators that a picture goes through on its way to being normalised. */
const PASSING = new Set(["Cast", "Resize", "Identity", "Slice", "Pad", "Transpose", "Clip", "Reshape", "Shape"]);
const SCALING = new Set(["Sub", "Add", "Mul", "Div", "BatchNormalization", "InstanceNormalization"]);

/** Whether a model normalises its pictures itself: something with three numbers is subtracted or multiplied before any layer. */
export function normalisesItself(parts: Parts, input: string): boolean {
  const consumers = consumersIn(parts);
  const seen = new Set<string>();
  const waiting = [input];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    for (const { opType = "", input: taken = [], output = [] } of consumers.get(value) ?? []) {
      if (SCALING.has(opType) && taken.some((name) => holdsThree(parts, name))) return true;
      if (PASSING.has(opType) || SCALING.has(opType)) waiting.push(...output);
    }
  }
  return false;
}

function holdsThree({ constants, nodes }: Parts, name: string): boolean {
  const made = nodes.find(({ opType, output = [] }) => opType === "Constant" && output.includes(name));
  const tensor = constants.get(name) ?? made?.attribute?.find(({ t }) => t !== undefined)?.t;
  return tensor !== undefined && floatsIn(tensor)?.length === CHANNELS;
}

export const shown = (name: string): string => JSON.stringify(name.slice(0, 100));

const TYPE_NAMES: Readonly<Record<number, string>> = {
  1: "float32",
  2: "uint8",
  3: "int8",
  6: "int32",
  7: "int64",
  8: "text",
  9: "bool",
  10: "float16",
  11: "float64",
};
const typeName = (type: number | undefined): string => TYPE_NAMES[type ?? 0] ?? `of type ${type ?? "unknown"}`;
