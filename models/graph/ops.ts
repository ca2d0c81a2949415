import { type Dim, fixed, type Graph, type NodeOptions, type Shape, sizeOf, type Value } from "./graph.js";

/**
 * ONNX operators with their shape inference. Feature maps are float32: pictures [N, C, H, W] for inference, batches
 * [1, C, N, H, W] for training (see TrainedLayers).
 */

/** Stride and padding of height and width, alike in both; across a batch's images they are 1 and 0. */
export interface ConvOptions {
  readonly stride: number;
  readonly padding: number;
}

/** x [N, I, H, W], weight [O, I, k, k], bias [O] -> [N, O, H', W']; or x [1, I, N, H, W], weight [O, I, 1, k, k] -> [1, O, N, H', W'] */
export function conv(g: Graph, x: Value, weight: Value, bias: Value | null, { stride, padding }: ConvOptions): Value {
  const kernel = weight.shape.slice(2).map(fixed);
  const inSpace = (each: number, other: number) => kernel.map((_, axis) => (axis < kernel.length - 2 ? other : each));
  const pads = inSpace(padding, 0);
  return convolution(g, bias === null ? [x, weight] : [x, weight, bias], {
    strides: inSpace(stride, 1),
    pads: [...pads, ...pads],
  });
}

/** ONNX's Conv with each of its attributes: one entry per axis of space; `pads` holds all beginnings, then all ends. */
export function convolution(
  g: Graph,
  inputs: readonly [x: Value, weight: Value, bias?: Value],
  options: {
    readonly pads: readonly number[];
    readonly strides?: readonly number[];
    readonly dilations?: readonly number[];
    /** Groups of channels, each seen by its own part of the weight alone. */
    readonly group?: number;
  },
): Value {
  const [x, weight] = inputs;
  const kernel = weight.shape.slice(2);
  const { pads, strides = kernel.map(() => 1), dilations = kernel.map(() => 1), group } = options;
  if (pads.some((pad) => pad < 0)) throw new TypeError(`negative padding: ${pads.join(", ")}`);
  const space = kernel.map((size, axis) => {
    const from = x.shape[axis + 2]!;
    const reach = (fixed(size) - 1) * dilations[axis]! + 1;
    if (typeof from === "string" && reach === 1) return from;
    return Math.floor((fixed(from) + pads[axis]! + pads[axis + kernel.length]! - reach) / strides[axis]!) + 1;
  });
  return g.node(
    "Conv",
    inputs.filter((value) => value !== undefined),
    [x.shape[0]!, weight.shape[0]!, ...space],
    {
      attributes: {
        kernel_shape: kernel.map(fixed),
        strides,
        dilations,
        pads,
        ...(group === undefined ? {} : { group }),
      },
    },
  );
}

/**
 * x [N, I, H, W], weight [I, O, k, k], bias [O] -> [N, O, H', W'];
 * `height` and `width` of the result settle what a stride leaves open.
 */
export function convTranspose(
  g: Graph,
  x: Value,
  weight: Value,
  bias: Value | null,
  { stride, padding }: ConvOptions,
  size?: { readonly height: Dim; readonly width: Dim },
): Value {
  const kernel = fixed(weight.shape[2]);
  const grown = (dim: Dim | undefined) => (fixed(dim) - 1) * stride - 2 * padding + kernel;
  const [height, width] = [grown(x.shape[2]), grown(x.shape[3])];
  const extra = size === undefined ? [0, 0] : [fixed(size.height) - height, fixed(size.width) - width];
  return g.node(
    "ConvTranspose",
    bias === null ? [x, weight] : [x, weight, bias],
    [x.shape[0]!, weight.shape[1]!, height + extra[0]!, width + extra[1]!],
    { attributes: { ...convAttributes(kernel, stride, padding), output_padding: extra } },
  );
}

function convAttributes(kernel: number, stride: number, padding: number) {
  return { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [padding, padding, padding, padding] };
}

/** x [N, C, H, W] -> [N, C, H', W'] */
export function maxPool(g: Graph, x: Value, kernel: number, stride: number, padding: number): Value {
  const shrunk = (size: Dim | undefined) => Math.floor((fixed(size) + 2 * padding - kernel) / stride) + 1;
  return g.node("MaxPool", [x], [x.shape[0]!, x.shape[1]!, shrunk(x.shape[2]), shrunk(x.shape[3])], {
    attributes: convAttributes(kernel, stride, padding),
  });
}

export const relu = (g: Graph, x: Value): Value => g.node("Relu", [x], x.shape);
export const sqrt = (g: Graph, x: Value): Value => g.node("Sqrt", [x], x.shape);
/** 0 where x is 0, 1 where it is larger; x must not be negative. (ONNX Runtime's Sign is ten times as slow.) */
export const step = (g: Graph, x: Value): Value =>
  g.node("HardSigmoid", [x], x.shape, { attributes: { alpha: { float: 1e30 }, beta: { float: 0 } } });
export const negative = (g: Graph, x: Value): Value => g.node("Neg", [x], x.shape);

const elementwise =
  (op: string) =>
  (g: Graph, a: Value, b: Value, options?: NodeOptions): Value =>
    g.node(op, [a, b], broadcast(a.shape, b.shape), options);

export const add = elementwise("Add");
export const sub = elementwise("Sub");
export const mul = elementwise("Mul");
export const div = elementwise("Div");
export const max = elementwise("Max");

const reduction =
  (op: string, axesAs: "input" | "attribute") =>
  (g: Graph, x: Value, axes: readonly number[], keep = true): Value => {
    const shape = keep
      ? x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
      : x.shape.filter((_, axis) => !axes.includes(axis));
    const keepdims = keep ? 1 : 0;
    return axesAs === "input"
      ? g.node(op, [x, g.integers(...axes)], shape, { attributes: { keepdims } })
      : g.node(op, [x], shape, { attributes: { axes, keepdims } });
  };

export const reduceSum = reduction("ReduceSum", "input");
export const reduceMean = reduction("ReduceMean", "attribute");
export const reduceMax = reduction("ReduceMax", "attribute");
export const reduceSumSquare = reduction("ReduceSumSquare", "attribute");

/**
 * x * scale + shift per channel, in one pass (two fewer than Mul and Add): ONNX's batch norm around mean 0 and variance 1.
 * x [N, C, H, W]; scale and shift hold C numbers each.
 */
export function affine(g: Graph, x: Value, scale: Value, shift: Value): Value {
  const channels = [fixed(x.shape[1])];
  const filled = (value: number) => g.constant(new Float32Array(channels[0]!).fill(value), channels);
  const inputs = [x, reshape(g, scale, channels), reshape(g, shift, channels), filled(0), filled(1)];
  return g.node("BatchNormalization", inputs, x.shape, { attributes: { epsilon: { float: 0 } } });
}

/**
 * The sum of a b over the axes from `from` on, without writing the products down: [.., H, W] twice -> [.., 1, 1].
 * Only one of the axes, kept or joined, may be of unknown size.
 */
export function dot(g: Graph, a: Value, b: Value, from: number): Value {
  const kept = joined(a.shape.slice(0, from));
  const rows = (x: Value) => reshape(g, x, [kept, 1, joined(a.shape.slice(from))]);
  const [value] = g.composite("Dot", [a, b], {}, () => [
    reshape(
      g,
      product(g, rows(a), rows(b), { transB: true }),
      a.shape.map((dim, axis) => (axis < from ? dim : 1)),
    ),
  ]);
  return value;
}

const joined = (dims: Shape): Dim => (dims.every((dim) => typeof dim === "number") ? sizeOf(dims) : dims.join(" "));

/** [..., M, K] x [..., K, P] -> [..., M, P] */
export const matMul = (g: Graph, a: Value, b: Value): Value => product(g, a, b);

/** The matrix product with the last two axes of `a` ([..., K, M]), of `b` ([..., P, K]) or of both exchanged, without copying them. */
export function product(
  g: Graph,
  a: Value,
  b: Value,
  { transA = false, transB = false }: { readonly transA?: boolean; readonly transB?: boolean } = {},
): Value {
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...batch, a.shape.at(transA ? -1 : -2)!, b.shape.at(transB ? -2 : -1)!];
  if (!transA && !transB) return g.node("MatMul", [a, b], shape);
  const attributes = { transA: transA ? 1 : 0, transB: transB ? 1 : 0 };
  return g.node("FusedMatMul", [a, b], shape, { domain: "com.microsoft", attributes });
}

export function concat(g: Graph, values: readonly Value[], axis: number): Value {
  const first = values[0]!;
  const total = values.reduce((sum, value) => sum + fixed(value.shape[axis]), 0);
  const shape = first.shape.map((dim, index) => (index === axis ? total : dim));
  return g.node("Concat", values, shape, { attributes: { axis } });
}

/** x [N, s s C, H, W] -> [N, C, s H, s W]: channel (u s + v) C + c goes to row u and column v of each s x s square. */
export function depthToSpace(g: Graph, x: Value, s: number): Value {
  const [n, channels, height, width] = x.shape;
  const shape = [n!, fixed(channels) / (s * s), times(height, s), times(width, s)];
  return g.node("DepthToSpace", [x], shape, { attributes: { blocksize: s } });
}

/** The inverse of {@link depthToSpace}: x [N, C, s H, s W] -> [N, s s C, H, W] */
export function spaceToDepth(g: Graph, x: Value, s: number): Value {
  const [n, channels, height, width] = x.shape;
  const shape = [n!, fixed(channels) * s * s, times(height, 1 / s), times(width, 1 / s)];
  return g.node("SpaceToDepth", [x], shape, { attributes: { blocksize: s } });
}

const times = (dim: Dim | undefined, factor: number): Dim => (typeof dim === "number" ? dim * factor : dim!);

export function transpose(g: Graph, x: Value, order: readonly number[]): Value {
  const shape = order.map((axis) => x.shape[axis]!);
  return g.node("Transpose", [x], shape, { attributes: { perm: order } });
}

/** x in another shape; at most one of its sizes may be known only at run time (it becomes ONNX's -1). */
export function reshape(g: Graph, x: Value, shape: Shape, options?: NodeOptions): Value {
  return g.node(
    "Reshape",
    [x, g.integers(...shape.map((dim) => (typeof dim === "number" ? dim : -1)))],
    shape,
    options,
  );
}

/** Rows `from`..`to` (exclusive) in steps, on each of the axes given. */
export function slice(
  g: Graph,
  x: Value,
  cuts: readonly { readonly axis: number; readonly from: number; readonly to: number; readonly step?: number }[],
): Value {
  const shape = x.shape.map((dim, axis) => {
    const cut = cuts.find((each) => each.axis === axis);
    return cut === undefined ? dim : sliceLength(fixed(dim), cut);
  });
  const bounds = [
    cuts.map((cut) => cut.from),
    cuts.map((cut) => cut.to),
    cuts.map((cut) => cut.axis),
    cuts.map((cut) => cut.step ?? 1),
  ];
  return g.node("Slice", [x, ...bounds.map((numbers) => g.integers(...numbers))], shape);
}

function sliceLength(size: number, { from, to, step = 1 }: { from: number; to: number; step?: number }): number {
  const end = step < 0 && to < 0 ? Math.max(to + size, -1) : to;
  return Math.ceil((end - from) / step);
}

/** x with `padding` zeros on each side of its last two axes. */
export function padSpace(g: Graph, x: Value, padding: number): Value {
  if (padding === 0) return x;
  const grown = x.shape.map((dim, axis) => (axis < 2 ? dim : fixed(dim) + 2 * padding));
  return g.node("Pad", [x, g.integers(0, 0, padding, padding, 0, 0, padding, padding)], grown);
}

/** x with `margins[axis]` times `value` before and after it on each axis. */
export function padWith(g: Graph, x: Value, margins: readonly number[], value: number): Value {
  const grown = x.shape.map((dim, axis) => (margins[axis] === 0 ? dim : fixed(dim) + 2 * margins[axis]!));
  return g.node("Pad", [x, g.integers(...margins, ...margins), g.scalar(value)], grown);
}

/**
 * x with itself mirrored around it, its outermost places not repeated; `margins`: how far, before and after each axis. Where a margin is as wide
 * as x or wider, the outermost places are repeated instead.
 */
export function mirroredAround(g: Graph, x: Value, margins: readonly number[]): Value {
  const grown = x.shape.map((dim, axis) => (margins[axis] === 0 ? dim : fixed(dim) + 2 * margins[axis]!));
  const fits = margins.every((margin, axis) => margin === 0 || margin < fixed(x.shape[axis]));
  const mode = fits ? "reflect" : "edge";
  return g.node("Pad", [x, g.integers(...margins, ...margins)], grown, { attributes: { mode } });
}

/** The largest value at each place of tensors of the same shape. */
export const maxOf = (g: Graph, values: readonly Value[]): Value => g.node("Max", values, values[0]!.shape);

/** The `count` largest numbers along the last axis, the largest first: [.., M] -> [.., count] */
export function topK(g: Graph, x: Value, count: number): Value {
  return g.node("TopK", [x, g.integers(count)], [...x.shape.slice(0, -1), count], { unused: ["int64"] });
}

export function cast(g: Graph, x: Value, type: "float32"): Value {
  return g.node("Cast", [x], x.shape, { type, attributes: { to: 1 } });
}

/**
 * The shape of an operation on `a` and `b` by NumPy's rule; a size known only at run time fits itself and 1.
 * @throws TypeError for shapes that do not fit
 */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index) => {
    const left = a[index - rank + a.length] ?? 1;
    const right = b[index - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new TypeError(`shapes [${a.join(", ")}] and [${b.join(", ")}] do not fit`);
  });
}
