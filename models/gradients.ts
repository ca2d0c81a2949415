import { type Dim, fixed, type Graph, type Node, type Shape, type Value } from "./graph.js";
import {
  add,
  affine,
  type ConvOptions,
  cast,
  concat,
  conv,
  convTranspose,
  div,
  matMul,
  mul,
  negative,
  padSpace,
  reduceSum,
  reshape,
  sign,
  slice,
  sub,
  transpose,
} from "./ops.js";

/**
 * Reverse-mode differentiation: a table from operator to derivative, and one reverse walk over the graph.
 * A derivative takes the gradient of its node's first output and yields one per input (null: none is wanted or defined).
 */
type Derivative = (g: Graph, node: Node, upstream: Value) => readonly (Value | null)[];

const DERIVATIVES: Readonly<Record<string, Derivative>> = {
  Add: (g, { inputs: [a, b] }, dy) => [reducedTo(g, dy, a!.shape), reducedTo(g, dy, b!.shape)],
  Sub: (g, { inputs: [a, b] }, dy) => [reducedTo(g, dy, a!.shape), reducedTo(g, negative(g, dy), b!.shape)],
  Mul: (g, { inputs: [a, b] }, dy) => [reducedTo(g, mul(g, dy, b!), a!.shape), reducedTo(g, mul(g, dy, a!), b!.shape)],
  Div: (g, { inputs: [a, b], outputs: [y] }, dy) => {
    const scaled = div(g, dy, b!);
    return [reducedTo(g, scaled, a!.shape), reducedTo(g, negative(g, mul(g, scaled, y!)), b!.shape)];
  },
  Sqrt: (g, { outputs: [y] }, dy) => [div(g, mul(g, dy, g.scalar(0.5)), y!)],
  Exp: (g, { outputs: [y] }, dy) => [mul(g, dy, y!)],
  Log: (g, { inputs: [x] }, dy) => [div(g, dy, x!)],
  // y is never negative, so its sign is the step function.
  Relu: (g, { outputs: [y] }, dy) => [mul(g, dy, sign(g, y!))],
  ReduceSum: (g, { inputs: [x] }, dy) => [spread(g, dy, x!), null],
  ReduceMean: (g, { inputs: [x], attributes: { axes } }, dy) => [
    spread(g, div(g, dy, countOver(g, x!, axes as readonly number[])), x!),
  ],
  ReduceSumSquare: (g, { inputs: [x] }, dy) => [mul(g, mul(g, dy, g.scalar(2)), x!)],
  Reshape: (g, { inputs: [x] }, dy) => [reshape(g, dy, x!.shape), null],
  Concat: (g, { inputs, attributes: { axis } }, dy) => {
    let from = 0;
    return inputs.map(({ shape }) => {
      const to = from + fixed(shape[axis as number]);
      const part = slice(g, dy, [{ axis: axis as number, from, to }]);
      from = to;
      return part;
    });
  },
  MatMul: (g, { inputs: [a, b] }, dy) => [
    reducedTo(g, matMul(g, dy, swapped(g, b!)), a!.shape),
    reducedTo(g, matMul(g, swapped(g, a!), dy), b!.shape),
  ],
  Conv: (g, { inputs: [x, weight], attributes }, dy) => {
    const options = convOptions(attributes);
    return [inputGradient(g, x!, weight!, dy, options), weightGradient(g, x!, dy, weight!.shape, options)];
  },
  ConvTranspose: (g, { inputs: [x, weight], attributes }, dy) => {
    const options = convOptions(attributes);
    // The other way round a transposed convolution is a convolution of dy with the same weight.
    return [conv(g, dy, weight!, null, options), weightGradient(g, dy, x!, weight!.shape, options)];
  },
  MaxPool: (g, { inputs: [x], outputs: [y], attributes }, dy) => {
    // Where a window's element is the maximum it gets dy; a transposed convolution by one-hot kernels puts it back in place.
    const [, channels, height, width] = x!.shape as [Dim, number, number, number];
    const [kernel] = attributes.kernel_shape as readonly number[] as [number];
    const options = convOptions(attributes);
    const flat = ["NC", 1, fixed(y!.shape[2]), fixed(y!.shape[3])];
    const shares = windowsOf(g, x!, y!.shape, kernel, options).map((window) => {
      const equal = g.node("Equal", [window, y!], y!.shape, { type: "bool" });
      return reshape(g, mul(g, cast(g, equal, "float32"), dy), flat);
    });
    const taps = kernel * kernel;
    const oneHot = Float32Array.from({ length: taps * taps }, (_, index) => (index % (taps + 1) === 0 ? 1 : 0));
    const weight = g.constant(oneHot, [taps, 1, kernel, kernel]);
    const placed = convTranspose(g, concat(g, shares, 1), weight, null, options, { height, width });
    return [reshape(g, placed, ["N", channels, height, width])];
  },
  BatchNormTraining: (g, { inputs: [x, gamma], outputs: [, mean, inverseDeviation] }, dy) => {
    // Ioffe & Szegedy 2015, section 3, arranged as dx = p dy + q x + r with one p, q, r per channel.
    const perChannel = [0, 2, 3];
    const shape = [1, fixed(x!.shape[1]), 1, 1];
    const sumDy = reduceSum(g, dy, perChannel);
    const sumDyX = reduceSum(g, mul(g, dy, x!), perChannel);
    const dGamma = mul(g, inverseDeviation!, sub(g, sumDyX, mul(g, mean!, sumDy)));
    const elements = countOver(g, x!, perChannel);
    const p = mul(g, reshape(g, gamma!, shape), inverseDeviation!);
    const q = negative(g, div(g, mul(g, mul(g, p, inverseDeviation!), dGamma), elements));
    const r = negative(g, add(g, mul(g, q, mean!), div(g, mul(g, p, sumDy), elements)));
    const channels = [fixed(x!.shape[1])];
    return [add(g, mul(g, dy, p), affine(g, x!, q, r)), reshape(g, dGamma, channels), reshape(g, sumDy, channels)];
  },
};

/**
 * The gradients of the scalar `loss` by each of `wanted`, as new nodes of the graph.
 * @throws TypeError for an operator on the way that has no derivative, or a value the loss does not depend on
 */
export function differentiate(g: Graph, loss: Value, wanted: readonly Value[]): Value[] {
  const nodes = [...g.nodes];
  // Only what leads from a wanted value to the loss is worth a gradient.
  const active = new Set(wanted.map((value) => value.name));
  for (const { inputs, outputs } of nodes) {
    if (inputs.some((input) => active.has(input.name))) for (const output of outputs) active.add(output.name);
  }
  const gradients = new Map<string, Value>([[loss.name, g.constant(Float32Array.of(1), loss.shape.map(fixed))]]);
  for (const node of nodes.reverse()) {
    const upstream = gradients.get(node.outputs[0]!.name);
    if (upstream === undefined || !node.inputs.some((input) => active.has(input.name))) continue;
    const derivative = DERIVATIVES[node.op];
    if (derivative === undefined) throw new TypeError(`operator ${node.op} has no derivative`);
    derivative(g, node, upstream).forEach((gradient, index) => {
      const input = node.inputs[index]!;
      if (gradient === null || !active.has(input.name)) return;
      const earlier = gradients.get(input.name);
      gradients.set(input.name, earlier === undefined ? gradient : add(g, earlier, gradient));
    });
  }
  return wanted.map((value) => {
    const gradient = gradients.get(value.name);
    if (gradient === undefined) throw new TypeError(`the loss does not depend on ${value.name}`);
    return gradient;
  });
}

/** dL/dx of a convolution. */
function inputGradient(g: Graph, x: Value, weight: Value, dy: Value, options: ConvOptions): Value {
  const [, , height, width] = x.shape as [Dim, Dim, number, number];
  const [out, input, kernel] = weight.shape.map(fixed) as [number, number, number];
  if (options.stride !== 1 || !wide(dy, out)) {
    return convTranspose(g, dy, weight, null, options, { height, width });
  }
  // With stride 1 it is a convolution by the turned kernel, a third faster; worth turning where weights are few.
  const flat = reshape(g, weight, [out, input, kernel * kernel]);
  const reversed = slice(g, flat, [{ axis: 2, from: kernel * kernel - 1, to: -kernel * kernel - 1, step: -1 }]);
  const turned = reshape(g, transpose(g, reversed, [1, 0, 2]), [input, out, kernel, kernel]);
  return conv(g, dy, turned, null, { stride: 1, padding: kernel - 1 - options.padding });
}

/** More space than channels: weights are few against what they act on. */
const wide = (dy: Value, out: number): boolean => fixed(dy.shape[2]) * fixed(dy.shape[3]) > out;

/**
 * dL/dW of a convolution as matrix products, several times as fast on CPUs as one Conv over transposed tensors.
 * @param x [N, I, H, W], dy [N, O, H', W'], shape [O, I, k, k]
 */
function weightGradient(g: Graph, x: Value, dy: Value, shape: Shape, options: ConvOptions): Value {
  const [out, , height, width] = [shape[0], null, dy.shape[2], dy.shape[3]] as [number, null, number, number];
  // Many weights over little space: summing and reordering per-image products would cost more than the columns do.
  return height * width <= out
    ? gradientByColumns(g, x, dy, shape, options)
    : gradientByOffsets(g, x, dy, shape, options);
}

/** One product over the whole batch, between dy [O, N H'W'] and the columns (im2col) of x [I k k, N H'W']. */
function gradientByColumns(g: Graph, x: Value, dy: Value, shape: Shape, options: ConvOptions): Value {
  const [out, input, kernel] = shape.map(fixed) as [number, number, number];
  const channelsFirst = [1, 0, 2, 3];
  const windows = windowsOf(g, transpose(g, x, channelsFirst), dy.shape, kernel, options).map((window) =>
    reshape(g, window, [input, 1, "NHW"]),
  );
  const columns = reshape(g, concat(g, windows, 1), [input * kernel * kernel, "NHW"]);
  const flatDy = reshape(g, transpose(g, dy, channelsFirst), [out, "NHW"]);
  return reshape(g, matMulTransposed(g, flatDy, columns, [out, input * kernel * kernel]), shape);
}

/** For each kernel offset one product per image between dy [N, O, H'W'] and the shifted x [N, I, H'W'], then their sum. */
function gradientByOffsets(g: Graph, x: Value, dy: Value, shape: Shape, options: ConvOptions): Value {
  const [out, input, kernel] = shape.map(fixed) as [number, number, number];
  const images = dy.shape[0]!;
  const space = fixed(dy.shape[2]) * fixed(dy.shape[3]);
  const flatDy = reshape(g, dy, [images, out, space]);
  const offsets = windowsOf(g, x, dy.shape, kernel, options).map((window) => {
    const product = matMulTransposed(g, flatDy, reshape(g, window, [images, input, space]), [images, out, input]);
    return reshape(g, reduceSum(g, product, [0], false), [1, out * input]);
  });
  return reshape(g, transpose(g, concat(g, offsets, 0), [1, 0]), shape);
}

/** What each offset of the kernel sees of x [.., .., H, W], row by row: kernel^2 values [.., .., H', W']. */
function windowsOf(g: Graph, x: Value, seen: Shape, kernel: number, { stride, padding }: ConvOptions): Value[] {
  const padded = padSpace(g, x, padding);
  const span = (size: Dim | undefined) => (fixed(size) - 1) * stride + 1;
  return Array.from({ length: kernel * kernel }, (_, offset) => {
    const [row, column] = [Math.floor(offset / kernel), offset % kernel];
    return slice(g, padded, [
      { axis: 2, from: row, to: row + span(seen[2]), step: stride },
      { axis: 3, from: column, to: column + span(seen[3]), step: stride },
    ]);
  });
}

/** a b^T without writing b^T down. */
function matMulTransposed(g: Graph, a: Value, b: Value, shape: Shape): Value {
  return g.node("FusedMatMul", [a, b], shape, { domain: "com.microsoft", attributes: { transB: 1 } });
}

function convOptions(attributes: Node["attributes"]): ConvOptions {
  const first = (name: string) => (attributes[name] as readonly number[])[0]!;
  return { stride: first("strides"), padding: first("pads") };
}

/** Elements that a reduction over `axes` joins, as a value: the batch's size is known only at run time. */
export function countOver(g: Graph, x: Value, axes: readonly number[]): Value {
  const known = axes.reduce(
    (product, axis) => product * (typeof x.shape[axis] === "number" ? fixed(x.shape[axis]) : 1),
    1,
  );
  return axes
    .filter((axis) => typeof x.shape[axis] !== "number")
    .reduce<Value>((product, axis) => {
      const shape = g.node("Shape", [x], [x.shape.length], { type: "int64" });
      const size = slice(g, shape, [{ axis: 0, from: axis, to: axis + 1 }]);
      return mul(g, product, cast(g, size, "float32"));
    }, g.scalar(known));
}

/** Sums away what broadcasting had spread. */
function reducedTo(g: Graph, x: Value, shape: Shape): Value {
  if (x.shape.join() === shape.join()) return x;
  const missing = x.shape.length - shape.length;
  const axes = x.shape.flatMap((dim, axis) =>
    axis < missing || (shape[axis - missing] === 1 && dim !== 1) ? [axis] : [],
  );
  if (axes.length === 0 && missing === 0) return x;
  const kept = reduceSum(g, x, axes);
  return missing === 0 ? kept : reshape(g, kept, shape);
}

/** A reduction's gradient over the shape it came from (a product with ones: sizes may be known only at run time). */
function spread(g: Graph, dy: Value, x: Value): Value {
  const ranks = x.shape.length === dy.shape.length;
  if (!ranks) throw new TypeError("a reduction on the way to the loss must keep its axes");
  const sizes = g.node("Shape", [x], [x.shape.length], { type: "int64" });
  return g.node("Expand", [dy, sizes], x.shape);
}

function swapped(g: Graph, x: Value): Value {
  const order = x.shape.map((_, axis) => axis);
  order.splice(-2, 2, order.length - 1, order.length - 2);
  return transpose(g, x, order);
}
