import { countOver } from "../gradients.js";
import { fixed, type Graph, type Value } from "../graph.js";
import { type ConvSpec, type Layers, NORM_EPSILON, weightShape } from "../network/layers.js";
import {
  add,
  affine,
  concat,
  conv,
  convTranspose,
  div,
  maxPool,
  mul,
  reduceMean,
  relu,
  reshape,
  sqrt,
  sub,
} from "../ops.js";

/** PyTorch's BatchNorm2d: how far the running averages move towards a batch's. */
const MOMENTUM = 0.1;

/**
 * For training: parameters are inputs of the graph; batch norms use the batch's statistics and yield the moved
 * running averages.
 */
export class TrainedLayers implements Layers {
  /** Inputs that Adam moves, by tensor name. */
  readonly trained = new Map<string, Value>();
  /** The next value of each running average, by tensor name. */
  readonly averages = new Map<string, Value>();
  private readonly graph: Graph;

  constructor(graph: Graph) {
    this.graph = graph;
  }

  convNorm(x: Value, convName: string, norm: string, spec: ConvSpec): Value {
    const g = this.graph;
    const weight = this.parameter(`${convName}.weight`, weightShape(fixed(x.shape[1]), spec));
    const gamma = this.parameter(`${norm}.weight`, [spec.out]);
    const beta = this.parameter(`${norm}.bias`, [spec.out]);
    const convolved = (spec.transposed ? convTranspose : conv)(g, x, weight, null, spec);
    const [y, mean, , variance] = batchNorm(g, convolved, gamma, beta);
    const count = countOver(g, convolved, [0, 2, 3]);
    const unbiased = mul(g, variance, div(g, count, sub(g, count, g.scalar(1))));
    this.average(`${norm}.running_mean`, spec.out, mean);
    this.average(`${norm}.running_var`, spec.out, unbiased);
    return y;
  }

  relu = (x: Value): Value => relu(this.graph, x);
  add = (a: Value, b: Value): Value => add(this.graph, a, b);
  concat = (values: readonly Value[]): Value => concat(this.graph, values, 1);
  maxPool(x: Value, kernel: number, stride: number, padding: number): Value {
    return maxPool(this.graph, x, kernel, stride, padding);
  }

  private parameter(name: string, shape: readonly number[]): Value {
    const value = this.graph.input(name, "float32", shape);
    this.trained.set(name, value);
    return value;
  }

  private average(name: string, channels: number, batch: Value): void {
    const g = this.graph;
    const before = g.input(name, "float32", [channels]);
    const moved = mul(g, reshape(g, batch, [channels]), g.scalar(MOMENTUM));
    this.averages.set(name, add(g, mul(g, before, g.scalar(1 - MOMENTUM)), moved, { name: `${name}'` }));
  }
}

/**
 * Batch norm with the batch's statistics: x [N, C, H, W] -> y, mean, 1 / sqrt(var + eps) and var, the latter [1, C, 1, 1].
 * One composite, because its derivative as a whole needs four passes over the data instead of a dozen.
 */
export function batchNorm(g: Graph, x: Value, gamma: Value, beta: Value): readonly [Value, Value, Value, Value] {
  const channels = fixed(x.shape[1]);
  const column = [1, channels, 1, 1];
  const outputs = g.composite("BatchNormTraining", [x, gamma, beta], {}, () => {
    const mean = reduceMean(g, x, [0, 2, 3]);
    // E[x^2] - E[x]^2 saves a pass; rounding may take it below zero where a channel is constant.
    const variance = relu(g, sub(g, reduceMean(g, mul(g, x, x), [0, 2, 3]), mul(g, mean, mean)));
    const inverse = div(g, g.scalar(1), sqrt(g, add(g, variance, g.scalar(NORM_EPSILON))));
    const scale = mul(g, reshape(g, gamma, column), inverse);
    const y = affine(g, x, scale, sub(g, reshape(g, beta, column), mul(g, mean, scale)));
    return [y, mean, inverse, variance];
  });
  return outputs as unknown as readonly [Value, Value, Value, Value];
}
