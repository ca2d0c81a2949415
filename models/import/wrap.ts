import type { Node, Tensor, Value } from "../onnx/check/messages.js";
import { nodeOf, type Parts, tensorOf } from "../onnx/parts.js";
import { DATA_TYPE } from "../onnx/schema.js";
import type { Size } from "../pictures/images.js";
import type { ForeignInput } from "./foreign.js";

/** How pixels become what a model takes: (pixel / 255 - mean) / deviation of each channel. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** A map of somebody else's model, with the size that it was seen to have for one picture. */
export interface SeenMap {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
}

export interface Wrapping {
  readonly input: ForeignInput;
  readonly size: Size;
  readonly normalisation: Normalisation;
  readonly map: SeenMap;
  /** Null: the map's maximum. */
  readonly score: string | null;
  /** Whether the model takes any number of pictures at a time, else one. */
  readonly free: boolean;
}

/** What their values are called in our model: nothing of theirs may bear a name of ours. */
const THEIRS = "imported/";
/** Of pictures in a bundle's model. */
const BATCH = "N";

/**
 * Somebody else's model between what a bundle's takes and what it yields: `image` uint8 [N, H, W, 3] -> cast, scaled, transposed -> theirs -> `map`
 * [N, H, W], resized bilinearly where theirs has another size, and `score` [N].
 */
export function wrapped(parts: Parts, { input, size, normalisation, map, score, free }: Wrapping): Parts {
  const { width, height } = size;
  const renamed = (name: string): string => (name === "" ? "" : `${THEIRS}${name}`);
  const constants = new Map<string, Tensor>(
    [...parts.constants].map(([name, tensor]) => [renamed(name), { ...tensor, name: renamed(name) }]),
  );
  const floats = (name: string, values: readonly number[], dims: readonly number[]): string => {
    constants.set(name, tensorOf(name, Float32Array.from(values), dims));
    return name;
  };
  const integers = (name: string, ...values: number[]): string => {
    constants.set(name, tensorOf(name, BigInt64Array.from(values, BigInt), [values.length]));
    return name;
  };
  const { mean, deviation } = normalisation;
  const perChannel = input.layout === "NCHW" ? [1, 3, 1, 1] : [1, 1, 1, 3];
  const scale = floats(
    "input_scale",
    deviation.map((each) => 1 / (255 * each)),
    perChannel,
  );
  const shift = floats(
    "input_shift",
    mean.map((each, channel) => -each / deviation[channel]!),
    perChannel,
  );
  const planes = input.layout === "NCHW" ? "planes" : "numbers";
  const before: readonly Node[] = [
    nodeOf("Cast", ["image"], "numbers", { to: DATA_TYPE.float32 }),
    ...(input.layout === "NCHW" ? [nodeOf("Transpose", ["numbers"], "planes", { perm: [0, 3, 1, 2] })] : []),
    nodeOf("Mul", [planes, scale], "scaled"),
    nodeOf("Add", ["scaled", shift], renamed(input.name)),
  ];
  const theirs = parts.nodes.map((node) => ({
    ...node,
    input: (node.input ?? []).map(renamed),
    output: (node.output ?? []).map(renamed),
  }));
  const { rows, columns } = map;
  const same = rows === height && columns === width;
  const after: readonly Node[] = [
    nodeOf("Cast", [renamed(map.name)], "float_map", { to: DATA_TYPE.float32 }),
    nodeOf("Reshape", ["float_map", integers("map_planes", -1, rows, columns)], same ? "map" : "small_map"),
    ...(same
      ? []
      : [
          nodeOf("MatMul", [floats("map_rows", bilinear(rows, height), [height, rows]), "small_map"], "tall_map"),
          nodeOf(
            "MatMul",
            ["tall_map", floats("map_columns", turned(bilinear(columns, width), columns), [columns, width])],
            "map",
          ),
        ]),
    ...(score === null
      ? [
          nodeOf("Reshape", ["map", integers("score_planes", -1, 1, height, width)], "score_map"),
          nodeOf("GlobalMaxPool", ["score_map"], "float_score"),
        ]
      : [nodeOf("Cast", [renamed(score)], "float_score", { to: DATA_TYPE.float32 })]),
    nodeOf("Reshape", ["float_score", integers("score_shape", -1)], "score"),
  ];
  const batch = free ? BATCH : 1;
  return {
    ...parts,
    constants,
    nodes: [...before, ...theirs, ...after],
    inputs: [described("image", DATA_TYPE.uint8, [batch, height, width, 3])],
    outputs: [
      described("score", DATA_TYPE.float32, [batch]),
      described("map", DATA_TYPE.float32, [batch, height, width]),
    ],
  };
}

/** Row-major [to, from]: bilinear, as PyTorch's interpolate: the pixels' edges are aligned, not their centres. */
function bilinear(from: number, to: number): readonly number[] {
  const matrix = new Array<number>(to * from).fill(0);
  for (let row = 0; row < to; row += 1) {
    const position = Math.min(Math.max(((row + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(position);
    const share = position - low;
    matrix[row * from + low]! += 1 - share;
    matrix[row * from + Math.min(low + 1, from - 1)]! += share;
  }
  return matrix;
}

/** A row-major matrix of so many columns, rows and columns exchanged. */
function turned(matrix: readonly number[], columns: number): readonly number[] {
  const rows = matrix.length / columns;
  return matrix.map((_, at) => matrix[(at % rows) * columns + Math.floor(at / rows)]!);
}

function described(name: string, elemType: number, sizes: readonly (number | string)[]): Value {
  const dim = sizes.map((size) => (typeof size === "string" ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}
