import { fixed, type Graph, type Value } from "../graph/graph.js";
import { add, concat, conv, convTranspose, maxPool, relu } from "../graph/ops.js";
import type { Weights } from "../weights/weights.js";
import { type ConvSpec, type Layers, NORM_EPSILON, weightShape } from "./layers.js";

/** For inference: weights are constants of the graph, every batch norm is folded into its convolution. */
export class FoldedLayers implements Layers {
  private readonly graph: Graph;
  private readonly weights: Weights;

  constructor(graph: Graph, weights: Weights) {
    this.graph = graph;
    this.weights = weights;
  }

  convNorm(x: Value, convName: string, norm: string, spec: ConvSpec): Value {
    const { weight, bias } = this.fold(convName, norm, spec);
    const shape = weightShape(fixed(x.shape[1]), spec);
    const build = spec.transposed ? convTranspose : conv;
    return build(
      this.graph,
      x,
      this.graph.constant(weight, shape, `${convName}.weight`),
      this.graph.constant(bias, [spec.out], `${convName}.bias`),
      spec,
    );
  }

  relu = (x: Value): Value => relu(this.graph, x);
  add = (a: Value, b: Value): Value => add(this.graph, a, b);
  concat = (values: readonly Value[]): Value => concat(this.graph, values, 1);
  maxPool(x: Value, kernel: number, stride: number, padding: number): Value {
    return maxPool(this.graph, x, kernel, stride, padding);
  }

  /** norm(conv(x)) = (gamma / sqrt(var + eps)) conv(x) + beta - gamma mean / sqrt(var + eps) */
  private fold(convName: string, norm: string, { out, kernel, transposed }: ConvSpec) {
    const source = this.data(`${convName}.weight`);
    const [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((suffix) =>
      this.data(`${norm}.${suffix}`),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const scale = Float64Array.from(gamma, (each, channel) => each / Math.sqrt(variance[channel]! + NORM_EPSILON));
    const perOut = transposed ? kernel * kernel : source.length / out;
    return {
      weight: source.map((value, index) => value * scale[Math.floor(index / perOut) % out]!),
      bias: beta.map((each, channel) => each - mean[channel]! * scale[channel]!),
    };
  }

  private data(name: string): Float32Array {
    const tensor = this.weights.get(name);
    if (tensor === undefined) throw new TypeError(`tensor ${name} was not checked before it was used`);
    return tensor.data;
  }
}
