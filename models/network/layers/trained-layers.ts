import { countOver } from "../../graph/gradients.js";
import { fixed, type Graph, type Value } from "../../graph/graph.js";
import {
  add,
  affine,
  concat,
  conv,
  depthToSpace,
  div,
  dot,
  maxPool,
  mul,
  product,
  reduceMean,
  relu,
  reshape,
  sqrt,
  sub,
  transpose,
} from "../../graph/ops.js";
import { suitsWinograd, winogradConv } from "../../graph/winograd.js";
import type { ResNetLayers } from "../backbones/resnet.js";
import { type ConvSpec, conv1x1, deconv2x2, NORM_EPSILON, type StudentLayers } from "./layers.js";

/**
 * Layers for training: parameters are inputs of the graph; batch norms use the batch's statistics and yield the moved
 * running averages. Maps are [1, C, N, H, W], the batch as one picture of N slices: a convolution then is one large matrix
 * product over the whole batch instead of N small ones, and what belongs to a channel lies together.
 */
export class TrainedLayers implements StudentLayers, ResNetLayers {
  /** Inputs that the optimiser moves, by tensor name. */
  readonly trained = new Map<string, Value>();
  /** The next value of each running average, by tensor name. */
  readonly averages = new Map<string, Value>();
  readonly #graph: Graph;
  readonly #momentum: number;

  /** @param options.momentum how far a batch moves the running averages towards its own statistics, 0 to 1 */
  constructor(graph: Graph, options: { readonly momentum: number }) {
    this.#graph = graph;
    this.#momentum = options.momentum;
  }

  convNorm(x: Value, convName: string, norm: string, spec: ConvSpec): Value {
    const shape = [spec.out, fixed(x.shape[1]), spec.kernel, spec.kernel];
    const maps = convolved(this.#graph, x, this.#parameter(`${convName}.weight`, shape), spec);
    return this.#normalised(maps, norm);
  }

  deconvNorm(x: Value, convName: string, norm: string, out: number): Value {
    const { kernel } = deconv2x2(out);
    const shape = [fixed(x.shape[1]), out, kernel, kernel];
    const maps = enlarged(this.#graph, x, this.#parameter(`${convName}.weight`, shape));
    return this.#normalised(maps, norm);
  }

  linear(x: Value, convName: string, out: number): Value {
    const g = this.#graph;
    const weight = this.#parameter(`${convName}.weight`, [out, fixed(x.shape[1]), 1, 1]);
    const bias = this.#parameter(`${convName}.bias`, [out]);
    return add(g, convolved(g, x, weight, conv1x1(out)), reshape(g, bias, [1, out, 1, 1, 1]));
  }

  relu = (x: Value): Value => relu(this.#graph, x);
  add = (a: Value, b: Value): Value => add(this.#graph, a, b);
  concat = (maps: readonly Value[]): Value => concat(this.#graph, maps, 1);
  maxPool(x: Value, kernel: number, stride: number, padding: number): Value {
    const g = this.#graph;
    const [, channels, images, height, width] = x.shape;
    const pooled = maxPool(g, reshape(g, x, [channels!, images!, height!, width!]), kernel, stride, padding);
    return reshape(g, pooled, [1, ...pooled.shape]);
  }

  #normalised(maps: Value, norm: string): Value {
    const g = this.#graph;
    const channels = fixed(maps.shape[1]);
    const gamma = this.#parameter(`${norm}.weight`, [channels]);
    const beta = this.#parameter(`${norm}.bias`, [channels]);
    const [y, mean, , variance] = batchNorm(g, maps, gamma, beta);
    const count = countOver(g, maps, PER_CHANNEL);
    const unbiased = mul(g, variance, div(g, count, sub(g, count, g.scalar(1))));
    this.#average(`${norm}.running_mean`, channels, mean);
    this.#average(`${norm}.running_var`, channels, unbiased);
    return y;
  }

  #parameter(name: string, shape: readonly number[]): Value {
    const value = this.#graph.input(name, "float32", shape);
    this.trained.set(name, value);
    return value;
  }

  #average(name: string, channels: number, batch: Value): void {
    const g = this.#graph;
    const before = g.input(name, "float32", [channels]);
    const moved = mul(g, reshape(g, batch, [channels]), g.scalar(this.#momentum));
    this.averages.set(name, add(g, mul(g, before, g.scalar(1 - this.#momentum)), moved, { name: `${name}'` }));
  }
}

/** Pictures as the training layers take them: [N, C, H, W] -> [1, C, N, H, W] */
export function batched(g: Graph, x: Value): Value {
  const swapped = transpose(g, x, [1, 0, 2, 3]);
  return reshape(g, swapped, [1, ...swapped.shape]);
}

/** The convolution x [1, I, N, H, W] -> [1, O, N, H', W'], by what is quickest for its shape. */
function convolved(g: Graph, x: Value, weight: Value, spec: ConvSpec): Value {
  const { kernel, stride, padding } = spec;
  if (kernel === 3 && stride === 1 && padding === 1 && suitsWinograd(x, spec.out)) return winogradConv(g, x, weight);
  return conv(g, x, deepened(g, weight), null, spec);
}

/** A weight with an axis for the batch's images, which it does not join: [O, I, k, k] -> [O, I, 1, k, k] */
function deepened(g: Graph, weight: Value): Value {
  const [out, input, height, width] = weight.shape;
  return reshape(g, weight, [out!, input!, 1, height!, width!]);
}

/**
 * A transposed convolution whose kernel is as large as its stride, so that each place becomes a square of its own:
 * x [1, I, N, H, W], weight [I, O, s, s] -> [1, O, N, s H, s W]. One matrix product makes all squares, and they are interleaved.
 */
export function enlarged(g: Graph, x: Value, weight: Value): Value {
  const [input, out, s] = weight.shape.map(fixed) as [number, number, number];
  const [, , images, height, width] = x.shape;
  const places = product(g, reshape(g, weight, [input, out * s * s]), reshape(g, x, [input, "NHW"]), { transA: true });
  const woven = depthToSpace(g, reshape(g, places, [out, s * s, "NH", width!]), s);
  return reshape(g, woven, [1, out, images!, s * fixed(height), s * fixed(width)]);
}

/** The axes of a batch [1, C, N, H, W] that a channel's statistics are taken over. */
const PER_CHANNEL = [2, 3, 4];

/**
 * Batch norm with the batch's statistics: x [1, C, N, H, W] -> y, mean, 1 / sqrt(var + eps) and var, the latter
 * [1, C, 1, 1, 1]. One composite, since the derivative of the whole takes four passes over the data instead of a dozen.
 */
export function batchNorm(g: Graph, x: Value, gamma: Value, beta: Value): readonly [Value, Value, Value, Value] {
  return g.composite("BatchNormTraining", [x, gamma, beta], {}, () => {
    const mean = reduceMean(g, x, PER_CHANNEL);
    const square = div(g, dot(g, x, x, 2), countOver(g, x, PER_CHANNEL));
    // E[x^2] - E[x]^2 saves a pass; rounding may take it below zero where a channel is constant.
    const variance = relu(g, sub(g, square, mul(g, mean, mean)));
    const inverse = div(g, g.scalar(1), sqrt(g, add(g, variance, g.scalar(NORM_EPSILON))));
    const scale = mul(g, reshape(g, gamma, mean.shape), inverse);
    const y = affine(g, x, scale, sub(g, reshape(g, beta, mean.shape), mul(g, mean, scale)));
    return [y, mean, inverse, variance];
  });
}
