import { channelNorm } from "../../graph/channel-norm.js";
import { depthwise } from "../../graph/depthwise.js";
import { type EmbeddedNetwork, embed } from "../../graph/embedded.js";
import { gelu } from "../../graph/gelu.js";
import { fixed, type Graph, type Value } from "../../graph/graph.js";
import { add, affine, concat, conv, convTranspose, maxPool, relu } from "../../graph/ops.js";
import type { Weights } from "../../weights/weights.js";
import type { Features } from "../backbones/backbone.js";
import { afterAffine, type Linear, timesScale } from "./folding.js";
import {
  type ConvSpec,
  type DepthwiseSpec,
  deconv2x2,
  type EncoderLayers,
  type MirroredLayers,
  NORM_EPSILON,
  type PatchSpec,
  type PerceptronSpec,
  type StudentLayers,
  type ThreeShapes,
} from "./layers.js";

/**
 * Layers for inference: weights are constants of the graph, and what is linear is folded: batch norms into their convolutions, a
 * LayerNorm's weights and a layer scale into the linear layers beside them.
 */
export class FoldedLayers implements EncoderLayers, StudentLayers, MirroredLayers {
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

  embedded = (image: Value, network: EmbeddedNetwork, shapes: ThreeShapes): Features =>
    embed(this.#graph, network, image, shapes);

  linear(x: Value, convName: string, out: number): Value {
    return this.patches(x, convName, { out, side: 1 });
  }

  patches(x: Value, convName: string, { out, side, norm }: PatchSpec): Value {
    const own = this.#linear(convName);
    const folded = norm === undefined ? own : afterAffine(own, this.#linear(norm));
    const normed = norm === undefined ? x : channelNorm(this.#graph, x);
    const shape = [out, fixed(x.shape[1]), side, side];
    return conv(this.#graph, normed, ...this.#constants(convName, folded, shape), { stride: side, padding: 0 });
  }

  depthwise(x: Value, convName: string, { kernel, isMirrored }: DepthwiseSpec): Value {
    const shape = [fixed(x.shape[1]), 1, kernel, kernel];
    const [weight, bias] = this.#constants(convName, this.#linear(convName), shape);
    return depthwise(this.#graph, x, { weight, bias, isMirrored });
  }

  layerNorm(x: Value, norm: string): Value {
    const scaleAndShift = this.#constants(norm, this.#linear(norm), [fixed(x.shape[1])]);
    return affine(this.#graph, channelNorm(this.#graph, x), ...scaleAndShift);
  }

  perceptron(x: Value, { norm, expand, contract, scale, inner }: PerceptronSpec): Value {
    const g = this.#graph;
    const channels = fixed(x.shape[1]);
    const expanding = afterAffine(this.#linear(expand), this.#linear(norm));
    const contracting = timesScale(this.#linear(contract), this.#data(scale));
    const linear = (value: Value, name: string, folded: Linear, shape: readonly number[]) =>
      conv(g, value, ...this.#constants(name, folded, [...shape, 1, 1]), { stride: 1, padding: 0 });
    const wide = gelu(g, linear(channelNorm(g, x), expand, expanding, [inner, channels]));
    return linear(wide, contract, contracting, [channels, inner]);
  }

  enlarge(x: Value, convName: string, out: number): Value {
    const spec = deconv2x2(out);
    const shape = [fixed(x.shape[1]), out, spec.kernel, spec.kernel];
    return convTranspose(this.#graph, x, ...this.#constants(convName, this.#linear(convName), shape), spec);
  }

  #linear(name: string): Linear {
    return { weight: this.#data(`${name}.weight`), bias: this.#data(`${name}.bias`) };
  }

  #constants(name: string, { weight, bias }: Linear, shape: readonly number[]): readonly [weight: Value, bias: Value] {
    return [
      this.#graph.constant(weight, shape, `${name}.weight`),
      this.#graph.constant(bias, [bias.length], `${name}.bias`),
    ];
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
    return this.#constants(convName, { weight, bias }, shape);
  }

  #data(name: string): Float32Array {
    const tensor = this.#weights.get(name);
    if (tensor === undefined) throw new TypeError(`tensor ${name} was not checked before it was used`);
    return tensor.data;
  }
}
