import { type Dim, fixed, type Graph, type Value } from "./graph.js";
import {
  type ConvOptions,
  concat,
  convolution,
  depthToSpace,
  matMul,
  mul,
  product,
  reshape,
  slice,
  transpose,
} from "./ops.js";

// The two derivatives of a convolution over a batch: x [1, I, N, H, W], weight [O, I, 1, k, k], dy [1, O, N, H', W'].
// Both are convolutions again, which CPUs do several times as fast as anything put together from slices and products.

/**
 * dL/dx. Rows of x whose numbers leave the same remainder by the stride meet the same taps of the kernel, and so do columns. For
 * each of the stride^2 pairs of remainders, dL/dx is a convolution of dy by those taps turned around; the parts are interleaved.
 */
export function inputGradient(g: Graph, x: Value, weight: Value, dy: Value, options: ConvOptions): Value {
  const { stride } = options;
  const [, input, , height, width] = x.shape as [1, number, Dim, number, number];
  const kernel = fixed(weight.shape[4]);
  const rows = Math.ceil(height / stride);
  const columns = Math.ceil(width / stride);
  const alike = (at: number) => tapsAt(at, kernel, options);
  const parts = Array.from({ length: stride * stride }, (_, part) => {
    const [down, across] = [alike(Math.floor(part / stride)), alike(part % stride)];
    if (down.taps.length === 0 || across.taps.length === 0) return null;
    const [above, before] = [down.padding, across.padding];
    const below = rows + down.taps.length - 1 - above - fixed(dy.shape[3]);
    const after = columns + across.taps.length - 1 - before - fixed(dy.shape[4]);
    const taps = down.taps.flatMap((row) => across.taps.map((column) => row * kernel + column));
    const turned = reshape(g, pick(g, weight, taps), [
      input,
      weight.shape[0]!,
      1,
      down.taps.length,
      across.taps.length,
    ]);
    return convolution(g, [dy, turned], { pads: [0, above, before, 0, below, after] });
  });
  const some = parts.find((part) => part !== null);
  if (some === undefined || stride === 1) return some!;
  // What no tap reaches has no gradient.
  const nothing = mul(g, some, g.scalar(0));
  const stacked = concat(
    g,
    parts.map((part) => part ?? nothing),
    1,
  );
  const woven = depthToSpace(g, reshape(g, stacked, [1, input * stride * stride, "NH", columns]), stride);
  const whole = reshape(g, woven, [1, input, "N", rows * stride, columns * stride]);
  const cut = [
    { axis: 3, from: 0, to: height },
    { axis: 4, from: 0, to: width },
  ];
  return rows * stride === height && columns * stride === width ? whole : slice(g, whole, cut);
}

/**
 * Along one axis: the taps through which x's places `at`, `at` + stride, .. take part in y, last one first, and how many zeros go
 * before dy for the first of those places to meet the first of those taps.
 */
function tapsAt(at: number, kernel: number, { stride, padding }: ConvOptions): { taps: number[]; padding: number } {
  const first = (at + padding) % stride;
  const taps = Array.from({ length: kernel }, (_, tap) => tap).filter((tap) => tap % stride === first);
  return { taps: taps.reverse(), padding: taps.length - 1 - (at + padding - first) / stride };
}

/**
 * Some of a weight's taps, input and output channels exchanged: [O, I, 1, k, k] -> [I, O, taps]. A product with one-hot columns
 * picks them, since ONNX Runtime slices slowly.
 */
function pick(g: Graph, weight: Value, taps: readonly number[]): Value {
  const [out, input, , kernel] = weight.shape.map(fixed) as [number, number, number, number];
  const all = kernel * kernel;
  const flat = reshape(g, weight, [out, input, all]);
  if (all === 1) return transpose(g, flat, [1, 0, 2]);
  const oneHot = new Float32Array(all * taps.length);
  taps.forEach((tap, index) => {
    oneHot[tap * taps.length + index] = 1;
  });
  const name = `taps:${kernel}:${taps.join(",")}`;
  const chosen = matMul(
    g,
    flat,
    g.sharedConstant(name, () => [oneHot, [all, taps.length]]),
  );
  return transpose(g, chosen, [1, 0, 2]);
}

/**
 * dL/dweight. It sums over images and places, which is what a convolution does whose picture is x, whose channels are the images
 * and whose kernel is dy, its elements a stride apart (dilation).
 */
export function weightGradient(g: Graph, x: Value, weight: Value, dy: Value, { stride, padding }: ConvOptions): Value {
  const [, input, , height, width] = x.shape as [1, number, Dim, number, number];
  const [, out, , seenHeight, seenWidth] = dy.shape as [1, number, Dim, number, number];
  const kernel = fixed(weight.shape[4]);
  if (kernel === 1 && padding === 0) {
    const steps = [3, 4].map((axis) => ({ axis, from: 0, to: fixed(x.shape[axis]), step: stride }));
    const rows = (value: Value, channels: number) => reshape(g, value, [channels, "NHW"]);
    const seen = stride === 1 ? x : slice(g, x, steps);
    return reshape(g, product(g, rows(dy, out), rows(seen, input), { transB: true }), weight.shape);
  }
  const end = (size: number, seen: number) => Math.max(0, (seen - 1) * stride + kernel - size - padding);
  const [below, after] = [end(height, seenHeight), end(width, seenWidth)];
  if (out > seenHeight * seenWidth) {
    // More weights than places: the result comes out in the weight's own order.
    const picture = transpose(g, x, [0, 2, 1, 3, 4]);
    const sums = convolution(g, [picture, reshape(g, dy, [out, "N", 1, seenHeight, seenWidth])], {
      pads: [0, padding, padding, 0, below, after],
      dilations: [1, stride, stride],
    });
    return reshape(g, taps(g, sums, kernel, 3), weight.shape);
  }
  // More places than weights: with x's channels innermost, the convolution gathers what it multiplies in long runs.
  const picture = reshape(g, transpose(g, reshape(g, x, [input, "NHW"]), [1, 0]), [1, "N", height, width, input]);
  const sums = convolution(g, [picture, reshape(g, dy, [out, "N", seenHeight, seenWidth, 1])], {
    pads: [padding, padding, 0, below, after, 0],
    dilations: [stride, stride, 1],
  });
  const flat = reshape(g, taps(g, sums, kernel, 2), [out, kernel * kernel, input]);
  return reshape(g, transpose(g, flat, [0, 2, 1]), weight.shape);
}

/** The first `kernel` entries of an axis and of the next one: where the stride does not divide x's size there are more. */
function taps(g: Graph, sums: Value, kernel: number, axis: number): Value {
  if (sums.shape[axis] === kernel && sums.shape[axis + 1] === kernel) return sums;
  return slice(
    g,
    sums,
    [axis, axis + 1].map((each) => ({ axis: each, from: 0, to: kernel })),
  );
}
