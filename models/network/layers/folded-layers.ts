import { fixed, type Graph, type Value } from "../../graph/graph.js";
import { add, concat, conv, convTranspose, maxPool, relu } from "../../graph/ops.js";
import type { Weights } from "../../weights/weights.js";
import { type ConvSpec, deconv2x2, type EncoderLayers, NORM_EPSILON, type StudentLayers } from "./layers.js";

/** Layers for inference: weights are constants of the graph, and every batch norm is folded into its convolution. */
export class FoldedLayers implements EncoderLayers, StudentLayers {
  readonly #graph: Graph;
  readonly #weights: Weights;

  constructor(graph: Graph, weights: Weights) {
    this.#graph = graph;
    this.#weights = weights;
  }

  convNorm(x: Value, convName: string, norm: string, spec: ConvSpec): Value {
    const area = spec.kernel ** 2;
    const input = fixed(x.shape[1]);
    const channelAt = (index: number) => Math.floor(index / (input * area));
    const shape = [spec.out, input, spec.kernel, spec.kernel];
    return conv(this.#graph, x, ...this.#folded(convName, norm, shape, channelAt), spec);
  }

  deconvNorm(x: Value, convName: string, norm: string, out: number): Value {
    const spec = deconv2x2(out);
    const channelAt = (index: number) => Math.floor(index / spec.kernel ** 2) % out;
    const shape = [fixed(x.shape[1]), out, spec.kernel, spec.kernel];
    return convTranspose(this.#graph, x, ...this.#folded(convName, norm, shape, channelAt), spec);
  }

  relu = (x: Value): Value => relu(this.#graph, x);
  add = (a: Value, b: Value): Value => add(this.#graph, a, b);
  concat = (maps: readonly Value[]): Value => concat(this.#graph, maps, 1);
  maxPool(x: Value, kernel: number, stride: number, padding: number): Value {
    return maxPool(this.#graph, x, kernel, stride, padding);
  }

  /**
   * Weight and bias of norm(conv(x)) = (gamma / sqrt(var + eps)) conv(x) + beta - gamma mean / sqrt(var + eps).
   * @param channelAt the output channel that an element of the weight belongs to
   */
  #folded(
    convName: string,
    norm: string,
    shape: readonly number[],
    channelAt: (index: number) => number,
  ): readonly [weight: Value, bias: Value] {
    const [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((suffix) =>
      this.#data(`${norm}.${suffix}`),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const scale = Float64Array.from(gamma, (each, channel) => each / Math.sqrt(variance[channel]! + NORM_EPSILON));
    const weight = this.#data(`${convName}.weight`).map((value, index) => value * scale[channelAt(index)]!);
    const bias = beta.map((each, channel) => each - mean[channel]! * scale[channel]!);
    return [
      this.#graph.constant(weight, shape, `${convName}.weight`),
      this.#graph.constant(bias, [bias.length], `${convName}.bias`),
    ];
  }

  #data(name: string): Float32Array {
    const tensor = this.#weights.get(name);
    if (tensor === undefined) throw new TypeError(`tensor ${name} was not checked before it was used`);
    return tensor.data;
  }
}
