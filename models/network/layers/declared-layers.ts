import type { EmbeddedNetwork } from "../../graph/embedded.js";
import { fixed, Graph, type Value } from "../../graph/graph.js";
import { add, concat, conv, convTranspose, maxPool, relu } from "../../graph/ops.js";
import type { ParameterSpec } from "../../weights/weights.js";
import type { Features } from "../backbones/backbone.js";
import {
  type ConvSpec,
  type DepthwiseSpec,
  deconv2x2,
  type EncoderLayers,
  type MirroredLayers,
  type PatchSpec,
  type PerceptronSpec,
  type StudentLayers,
  type ThreeShapes,
} from "./layers.js";

/** What a parameter is; it settles how the parameter begins. */
export type ParameterKind =
  | "conv"
  | "deconv"
  | "depthwise"
  | "linear"
  | "bias"
  | "layerScale"
  | "normWeight"
  | "normBias"
  | "runningMean"
  | "runningVar";

export interface DeclaredParameter extends ParameterSpec {
  readonly kind: ParameterKind;
}

/** Layers that list the tensors of the network that is built of them, in PyTorch's names and layouts. */
export class DeclaredLayers implements EncoderLayers, StudentLayers, MirroredLayers {
  readonly parameters: DeclaredParameter[] = [];
  readonly #graph = new Graph("declaration");

  input(shape: readonly (number | string)[]): Value {
    return this.#graph.input("x", "float32", shape);
  }

  convNorm(x: Value, convName: string, norm: string, spec: ConvSpec): Value {
    const shape = [spec.out, fixed(x.shape[1]), spec.kernel, spec.kernel];
    return conv(this.#graph, x, this.#declare(convName, "conv", shape, norm, spec.out), null, spec);
  }

  deconvNorm(x: Value, convName: string, norm: string, out: number): Value {
    const spec = deconv2x2(out);
    const shape = [fixed(x.shape[1]), out, spec.kernel, spec.kernel];
    return convTranspose(this.#graph, x, this.#declare(convName, "deconv", shape, norm, out), null, spec);
  }

  relu = (x: Value): Value => relu(this.#graph, x);
  add = (a: Value, b: Value): Value => add(this.#graph, a, b);
  concat = (maps: readonly Value[]): Value => concat(this.#graph, maps, 1);
  maxPool(x: Value, kernel: number, stride: number, padding: number): Value {
    return maxPool(this.#graph, x, kernel, stride, padding);
  }

  /** It brings its own tensors. */
  embedded(_image: Value, { taps }: EmbeddedNetwork, shapes: ThreeShapes): Features {
    const [fine, middle, coarse] = shapes.map(
      (shape, index): Value => ({ name: taps[index]!, type: "float32", shape }),
    );
    return [fine!, middle!, coarse!];
  }

  linear(x: Value, convName: string, out: number): Value {
    return this.patches(x, convName, { out, side: 1 });
  }

  patches(x: Value, convName: string, { out, side, norm }: PatchSpec): Value {
    const input = fixed(x.shape[1]);
    if (norm !== undefined) this.#declareNorm(norm, input);
    const weight = this.#declareBiased(convName, "conv", [out, input, side, side]);
    return conv(this.#graph, x, weight, null, { stride: side, padding: 0 });
  }

  depthwise(x: Value, convName: string, { kernel }: DepthwiseSpec): Value {
    this.#declareBiased(convName, "depthwise", [fixed(x.shape[1]), 1, kernel, kernel]);
    return x;
  }

  layerNorm(x: Value, norm: string): Value {
    this.#declareNorm(norm, fixed(x.shape[1]));
    return x;
  }

  perceptron(x: Value, { norm, expand, contract, scale, inner }: PerceptronSpec): Value {
    const channels = fixed(x.shape[1]);
    this.#declareNorm(norm, channels);
    this.#declareBiased(expand, "linear", [inner, channels]);
    this.#declareBiased(contract, "linear", [channels, inner]);
    this.parameters.push({ name: scale, shape: [channels, 1, 1], kind: "layerScale" });
    return x;
  }

  enlarge(x: Value, convName: string, out: number): Value {
    const spec = deconv2x2(out);
    const shape = [fixed(x.shape[1]), out, spec.kernel, spec.kernel];
    this.parameters.push(
      { name: `${convName}.weight`, shape, kind: "deconv" },
      { name: `${convName}.bias`, shape: [out], kind: "bias" },
    );
    return convTranspose(this.#graph, x, { name: convName, type: "float32", shape }, null, spec);
  }

  #declareNorm(norm: string, channels: number): void {
    this.parameters.push(
      { name: `${norm}.weight`, shape: [channels], kind: "normWeight" },
      { name: `${norm}.bias`, shape: [channels], kind: "normBias" },
    );
  }

  #declareBiased(name: string, kind: ParameterKind, shape: readonly number[]): Value {
    this.parameters.push(
      { name: `${name}.weight`, shape, kind },
      { name: `${name}.bias`, shape: [shape[0]!], kind: "bias" },
    );
    return { name, type: "float32", shape };
  }

  #declare(convName: string, kind: "conv" | "deconv", shape: readonly number[], norm: string, out: number): Value {
    this.parameters.push(
      { name: `${convName}.weight`, shape, kind },
      { name: `${norm}.weight`, shape: [out], kind: "normWeight" },
      { name: `${norm}.bias`, shape: [out], kind: "normBias" },
      { name: `${norm}.running_mean`, shape: [out], kind: "runningMean" },
      { name: `${norm}.running_var`, shape: [out], kind: "runningVar" },
    );
    return { name: convName, type: "float32", shape };
  }
}
