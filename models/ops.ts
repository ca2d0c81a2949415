import { type Dim, fixed, type Graph, type NodeOptions, type Shape, type Value } from "./graph.js";

/** ONNX operators with their shape inference. Feature maps are NCHW, float32. */

export interface ConvOptions {
  readonly stride: number;
  readonly padding: number;
}

/** x [N, I, H, W], weight [O, I, k, k], bias [O] -> [N, O, H', W'] */
export function conv(g: Graph, x: Value, weight: Value, bias: Value | null, { stride, padding }: ConvOptions): Value {
  const [n, , height, width] = x.shape;
  const [out, , kernel] = weight.shape;
  const shrunk = (size: Dim | undefined) => Math.floor((fixed(size) + 2 * padding - fixed(kernel)) / stride) + 1;
  return g.node("Conv", bias === null ? [x, weight] : [x, weight, bias], [n!, out!, shrunk(height), shrunk(width)], {
    attributes: convAttributes(fixed(kernel), stride, padding),
  });
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

export function maxPool(g: Graph, x: Value, kernel: number, stride: number, padding: number): Value {
  const shrunk = (size: Dim | undefined) => Math.floor((fixed(size) + 2 * padding - kernel) / stride) + 1;
  return g.node("MaxPool", [x], [x.shape[0]!, x.shape[1]!, shrunk(x.shape[2]), shrunk(x.shape[3])], {
    attributes: convAttributes(kernel, stride, padding),
  });
}

export const relu = (g: Graph, x: Value): Value => g.node("Relu", [x], x.shape);
export const sqrt = (g: Graph, x: Value): Value => g.node("Sqrt", [x], x.shape);
export const sign = (g: Graph, x: Value): Value => g.node("Sign", [x], x.shape);
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

/** [..., M, K] x [..., K, P] -> [..., M, P] */
export function matMul(g: Graph, a: Value, b: Value): Value {
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return g.node("MatMul", [a, b], [...batch, a.shape.at(-2)!, b.shape.at(-1)!]);
}

export function concat(g: Graph, values: readonly Value[], axis: number): Value {
  const first = values[0]!;
  const total = values.reduce((sum, value) => sum + fixed(value.shape[axis]), 0);
  const shape = first.shape.map((dim, index) => (index === axis ? total : dim));
  return g.node("Concat", values, shape, { attributes: { axis } });
}

export function transpose(g: Graph, x: Value, order: readonly number[]): Value {
  const shape = order.map((axis) => x.shape[axis]!);
  return g.node("Transpose", [x], shape, { attributes: { perm: order } });
}

/** At most one run-time size, which becomes ONNX's -1. */
export function reshape(g: Graph, x: Value, shape: Shape): Value {
  return g.node("Reshape", [x, g.integers(...shape.map((dim) => (typeof dim === "number" ? dim : -1)))], shape);
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

/** Zeros around the last two axes. */
export function padSpace(g: Graph, x: Value, padding: number): Value {
  if (padding === 0) return x;
  const grown = x.shape.map((dim, axis) => (axis < 2 ? dim : fixed(dim) + 2 * padding));
  return g.node("Pad", [x, g.integers(0, 0, padding, padding, 0, 0, padding, padding)], grown);
}

export function cast(g: Graph, x: Value, type: "float32"): Value {
  return g.node("Cast", [x], x.shape, { type, attributes: { to: 1 } });
}

/** NumPy's rule; sizes known only at run time match themselves and 1. */
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
