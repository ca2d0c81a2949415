import { channelAffineGradient, channelNormGradient } from "./channel-norm.js";
import { inputGradient, weightGradient } from "./conv-gradients.js";
import { depthwiseInputGradient, depthwiseWeightGradient } from "./depthwise.js";
import { geluGradient } from "./gelu.js";
import { type Dim, fixed, type Graph, integerOf, integersOf, type Node, type Shape, type Value } from "./graph.js";
import {
  add,
  affine,
  type ConvOptions,
  cast,
  concat,
  convTranspose,
  div,
  dot,
  mul,
  negative,
  padSpace,
  product,
  reduceSum,
  reshape,
  slice,
  spaceToDepth,
  step,
  sub,
  transpose,
} from "./ops.js";
import { windowsGradient } from "./winograd.js";

/**
 * Reverse-mode differentiation: a table from operator to derivative, and one walk over the graph from its end to its beginning.
 * A derivative takes the loss's gradient by its node's first output and yields one gradient per input (null: none is defined). Where
 * an input was broadcast, its gradient has the shape of the output: {@link differentiate} sums it to the input's.
 */
type Derivative = (g: Graph, node: Node, dy: Value) => readonly (Value | null)[];

const DERIVATIVES: Readonly<Record<string, Derivative>> = {
  Add: (_, __, dy) => [dy, dy],
  Sub: (g, _, dy) => [dy, negative(g, dy)],
  Mul: (g, { inputs: [a, b] }, dy) => [mul(g, dy, b!), mul(g, dy, a!)],
  Div: (g, { inputs: [, b], outputs: [y] }, dy) => {
    const scaled = div(g, dy, b!);
    return [scaled, negative(g, mul(g, scaled, y!))];
  },
  Sqrt: (g, { outputs: [y] }, dy) => [div(g, mul(g, dy, g.scalar(0.5)), y!)],
  Exp: (g, { outputs: [y] }, dy) => [mul(g, dy, y!)],
  Log: (g, { inputs: [x] }, dy) => [div(g, dy, x!)],
  Relu: (g, { outputs: [y] }, dy) => [mul(g, dy, step(g, y!))],
  ReduceSum: (g, { inputs: [x] }, dy) => [expandedTo(g, dy, x!), null],
  ReduceMean: (g, node, dy) => {
    const [x] = node.inputs;
    return [expandedTo(g, div(g, dy, countOver(g, x!, integersOf(node, "axes"))), x!)];
  },
  ReduceSumSquare: (g, { inputs: [x] }, dy) => [mul(g, mul(g, dy, g.scalar(2)), x!)],
  Dot: (g, { inputs: [a, b] }, dy) =>
    a === b ? [mul(g, mul(g, dy, g.scalar(2)), a!), null] : [mul(g, dy, b!), mul(g, dy, a!)],
  Reshape: (g, { inputs: [x] }, dy) => [reshape(g, dy, x!.shape), null],
  Transpose: (g, node, dy) => {
    const order = integersOf(node, "perm");
    const back = order.map((_, axis) => order.indexOf(axis));
    return [transpose(g, dy, back)];
  },
  DepthToSpace: (g, node, dy) => [spaceToDepth(g, dy, integerOf(node, "blocksize"))],
  Concat: (g, node, dy) => {
    const axis = integerOf(node, "axis");
    let from = 0;
    return node.inputs.map(({ shape }) => {
      const to = from + fixed(shape[axis]);
      const part = slice(g, dy, [{ axis, from, to }]);
      from = to;
      return part;
    });
  },
  MatMul: productDerivative,
  FusedMatMul: productDerivative,
  Conv: (g, node, dy) => {
    const [x, weight] = node.inputs;
    // Entry 1, since of a batch's axes of space, N, H and W, the first is the images'.
    const options = { stride: integersOf(node, "strides")[1]!, padding: integersOf(node, "pads")[1]! };
    return [inputGradient(g, x!, weight!, dy, options), weightGradient(g, x!, weight!, dy, options)];
  },
  Depthwise: (g, { inputs: [x, weight] }, dy) => [
    depthwiseInputGradient(g, weight!, dy),
    depthwiseWeightGradient(g, x!, weight!, dy),
  ],
  // What lets only a share of the gradient through, whatever it does to x.
  Weighted: (g, { outputs: [, share] }, dy) => [mul(g, dy, share!)],
  Gelu: (g, { inputs: [x], outputs: [, twiceShare] }, dy) => [geluGradient(g, x!, twiceShare!, dy)],
  ChannelNorm: (g, { outputs: [y, inverse] }, dy) => [channelNormGradient(g, y!, inverse!, dy)],
  ChannelAffine: (g, { inputs: [x, scale] }, dy) => channelAffineGradient(g, x!, scale!, dy),
  WinogradWindows: (g, { inputs: [x] }, dy) => [windowsGradient(g, x!, dy)],
  MaxPool: (g, node, dy) => {
    // A window's maximum gets the window's dy; a transposed convolution by one-hot kernels puts each share back into its place.
    const [x, y] = [node.inputs[0], node.outputs[0]];
    const [height, width] = [fixed(x!.shape[2]), fixed(x!.shape[3])];
    const kernel = integersOf(node, "kernel_shape")[0]!;
    const options = { stride: integersOf(node, "strides")[0]!, padding: integersOf(node, "pads")[0]! };
    const flat = ["NC", 1, fixed(y!.shape[2]), fixed(y!.shape[3])];
    const shares = windowsOf(g, x!, y!.shape, kernel, options).map((window) => {
      const equal = g.node("Equal", [window, y!], y!.shape, { type: "bool" });
      return reshape(g, mul(g, cast(g, equal, "float32"), dy), flat);
    });
    const taps = kernel * kernel;
    const oneHot = Float32Array.from({ length: taps * taps }, (_, index) => (index % (taps + 1) === 0 ? 1 : 0));
    const weight = g.constant(oneHot, [taps, 1, kernel, kernel]);
    const placed = convTranspose(g, concat(g, shares, 1), weight, null, options, { height, width });
    return [reshape(g, placed, x!.shape)];
  },
  BatchNormTraining: (g, { inputs: [x, gamma], outputs: [, mean, inverseDeviation] }, dy) => {
    // Ioffe & Szegedy 2015, section 3, arranged as dx = p dy + q x + r with one p, q, r per channel.
    const perChannel = [2, 3, 4];
    const shape = mean!.shape;
    const sumDy = reduceSum(g, dy, perChannel);
    const sumDyX = dot(g, dy, x!, 2);
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
    const dy = gradients.get(node.outputs[0]!.name);
    if (dy === undefined || !node.inputs.some((input) => active.has(input.name))) continue;
    const derivative = DERIVATIVES[node.op];
    if (derivative === undefined) throw new TypeError(`operator ${node.op} has no derivative`);
    derivative(g, node, dy).forEach((share, index) => {
      const input = node.inputs[index]!;
      if (share === null || !active.has(input.name)) return;
      const gradient = unbroadcast(g, share, input.shape);
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

/** The elements of x [.., .., H, W] under each offset of a kernel, row by row: kernel^2 values [.., .., H', W']. */
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

/** How many elements a reduction over `axes` joins, as a value of the graph: the batch's size is known only at run time. */
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

/** The derivative of op(a) op(b), where op may exchange the last two axes. */
function productDerivative(g: Graph, { inputs, attributes }: Node, dy: Value): readonly Value[] {
  const [a, b] = inputs as readonly [Value, Value];
  const [transA, transB] = [attributes.transA === 1, attributes.transB === 1];
  const da = transA ? product(g, b, dy, { transA: transB, transB: true }) : product(g, dy, b, { transB: !transB });
  const db = transB ? product(g, dy, a, { transA: true, transB: transA }) : product(g, a, dy, { transA: !transA });
  return [da, db];
}

/** A gradient summed over the axes that broadcasting had added or stretched from 1. */
function unbroadcast(g: Graph, gradient: Value, shape: Shape): Value {
  const added = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((dim, axis) =>
    axis < added || (shape[axis - added] === 1 && dim !== 1) ? [axis] : [],
  );
  if (axes.length === 0) return gradient;
  const sum = reduceSum(g, gradient, axes);
  return added === 0 ? sum : reshape(g, sum, shape);
}

/** A reduction's gradient at each of the places that it joined; `Expand`, since x's size may be known only at run time. */
function expandedTo(g: Graph, dy: Value, x: Value): Value {
  if (x.shape.length !== dy.shape.length) throw new TypeError("a reduction on the way to the loss must keep its axes");
  const sizes = g.node("Shape", [x], [x.shape.length], { type: "int64" });
  return g.node("Expand", [dy, sizes], x.shape);
}
