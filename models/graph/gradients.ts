import { inputGradient, weightGradient } from "./conv-gradients.js";
import { type Dim, fixed, type Graph, type Node, type Shape, type Value } from "./graph.js";
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
  Relu: (g, { outputs: [y] }, dy) => [mul(g, dy, step(g, y!))],
  ReduceSum: (g, { inputs: [x] }, dy) => [spread(g, dy, x!), null],
  ReduceMean: (g, { inputs: [x], attributes: { axes } }, dy) => [
    spread(g, div(g, dy, countOver(g, x!, axes as readonly number[])), x!),
  ],
  ReduceSumSquare: (g, { inputs: [x] }, dy) => [mul(g, mul(g, dy, g.scalar(2)), x!)],
  Dot: (g, { inputs: [a, b] }, dy) =>
    a === b ? [mul(g, mul(g, dy, g.scalar(2)), a!), null] : [mul(g, dy, b!), mul(g, dy, a!)],
  Reshape: (g, { inputs: [x] }, dy) => [reshape(g, dy, x!.shape), null],
  Transpose: (g, { attributes: { perm } }, dy) => {
    const order = perm as readonly number[];
    return [
      transpose(
        g,
        dy,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ];
  },
  DepthToSpace: (g, { attributes: { blocksize } }, dy) => [spaceToDepth(g, dy, blocksize as number)],
  Concat: (g, { inputs, attributes: { axis } }, dy) => {
    let from = 0;
    return inputs.map(({ shape }) => {
      const to = from + fixed(shape[axis as number]);
      const part = slice(g, dy, [{ axis: axis as number, from, to }]);
      from = to;
      return part;
    });
  },
  MatMul: productDerivative,
  FusedMatMul: productDerivative,
  Conv: (g, { inputs: [x, weight], attributes }, dy) => {
    const [, stride] = attributes.strides as readonly number[];
    const [, padding] = attributes.pads as readonly number[];
    const options = { stride: stride!, padding: padding! };
    return [inputGradient(g, x!, weight!, dy, options), weightGradient(g, x!, weight!, dy, options)];
  },
  WinogradWindows: (g, { inputs: [x] }, dy) => [windowsGradient(g, x!, dy)],
  MaxPool: (g, { inputs: [x], outputs: [y], attributes }, dy) => {
    // Where a window's element is the maximum it gets dy; a transposed convolution by one-hot kernels puts it back in place.
    const [, , height, width] = x!.shape as [Dim, Dim, number, number];
    const first = (name: string) => (attributes[name] as readonly number[])[0]!;
    const [kernel, options] = [first("kernel_shape"), { stride: first("strides"), padding: first("pads") }];
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

/** Of op(a) op(b), where op may exchange the last two axes. */
function productDerivative(g: Graph, { inputs, attributes }: Node, dy: Value): readonly Value[] {
  const [a, b] = inputs as readonly [Value, Value];
  const [transA, transB] = [attributes.transA === 1, attributes.transB === 1];
  const da = transA ? product(g, b, dy, { transA: transB, transB: true }) : product(g, dy, b, { transB: !transB });
  const db = transB ? product(g, dy, a, { transA: true, transB: transA }) : product(g, a, dy, { transA: !transA });
  return [reducedTo(g, da, a.shape), reducedTo(g, db, b.shape)];
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
