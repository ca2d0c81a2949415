import { channelAffine, channelNorm } from "../../graph/channel-norm.js";
import { batchDepthwise } from "../../graph/depthwise.js";
import { gelu } from "../../graph/gelu.js";
import { fixed, type Graph, type Value } from "../../graph/graph.js";
import { add, concat, conv, mul, product, reduceSum, reshape } from "../../graph/ops.js";
import { type DepthwiseSpec, deconv2x2, type MirroredLayers, type PatchSpec, type PerceptronSpec } from "./layers.js";
import { enlarged } from "./trained-layers.js";

/** A linear map in training: weight [out, in, places of its kernel], bias [out, 1]. */
interface TrainedLinear {
  readonly weight: Value;
  readonly bias: Value;
}

/**
 * ConvNeXt's layers for training, over batches [1, C, N, H, W]; parameters are inputs of the graph. As in the frozen network, a LayerNorm's
 * weights and a layer scale are multiplied into the linear layers beside them: that is a small matrix, not a pass over all maps, and gradients
 * find their way through it.
 */
export class TrainedConvNextLayers implements MirroredLayers {
  /** Inputs that the optimiser moves, by tensor name. */
  readonly trained = new Map<string, Value>();
  /** ConvNeXts keep no running averages. */
  readonly averages = new Map<string, Value>();
  readonly #graph: Graph;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  patches(x: Value, convName: string, { out, side, norm }: PatchSpec): Value {
    const g = this.#graph;
    const input = fixed(x.shape[1]);
    const own = this.#linear(convName, [out, input, side, side]);
    const { weight, bias } = norm === undefined ? own : this.#after(norm, own);
    const normed = norm === undefined ? x : channelNorm(g, x);
    const kernel = reshape(g, weight, [out, input, 1, side, side]);
    const maps = conv(g, normed, kernel, null, { stride: side, padding: 0 });
    return add(g, maps, reshape(g, bias, [1, out, 1, 1, 1]));
  }

  /** @throws TypeError for mirrored edges: only a frozen network has those */
  depthwise(x: Value, convName: string, { kernel, isMirrored }: DepthwiseSpec): Value {
    if (isMirrored) throw new TypeError("a depthwise convolution with mirrored edges has no derivative");
    const g = this.#graph;
    const channels = fixed(x.shape[1]);
    const { weight, bias } = this.#linear(convName, [channels, 1, kernel, kernel]);
    const maps = batchDepthwise(g, x, reshape(g, weight, [channels, 1, 1, kernel, kernel]));
    return add(g, maps, reshape(g, bias, [1, channels, 1, 1, 1]));
  }

  layerNorm(x: Value, norm: string): Value {
    const [scale, shift] = this.#norm(norm, fixed(x.shape[1]));
    return channelAffine(this.#graph, channelNorm(this.#graph, x), scale, shift);
  }

  perceptron(x: Value, { norm, expand, contract, scale, inner }: PerceptronSpec): Value {
    const g = this.#graph;
    const channels = fixed(x.shape[1]);
    const expanding = this.#after(norm, this.#linear(expand, [inner, channels]));
    const own = this.#linear(contract, [channels, inner]);
    const factor = this.#parameter(scale, [channels, 1, 1]);
    const contracting = {
      weight: mul(g, own.weight, factor),
      bias: mul(g, own.bias, reshape(g, factor, [channels, 1])),
    };
    const places = reshape(g, channelNorm(g, x), [channels, "NHW"]);
    return reshape(g, this.#applied(contracting, gelu(g, this.#applied(expanding, places))), x.shape);
  }

  enlarge(x: Value, convName: string, out: number): Value {
    const g = this.#graph;
    const { kernel } = deconv2x2(out);
    const weight = this.#parameter(`${convName}.weight`, [fixed(x.shape[1]), out, kernel, kernel]);
    const bias = this.#parameter(`${convName}.bias`, [out]);
    return add(g, enlarged(g, x, weight), reshape(g, bias, [1, out, 1, 1, 1]));
  }

  add = (a: Value, b: Value): Value => add(this.#graph, a, b);
  concat = (maps: readonly Value[]): Value => concat(this.#graph, maps, 1);

  /** x [in, places] -> [out, places] */
  #applied({ weight, bias }: TrainedLinear, x: Value): Value {
    const g = this.#graph;
    return add(g, product(g, reshape(g, weight, weight.shape.slice(0, 2)), x), bias);
  }

  /** The map of what a LayerNorm yields as a map of what it norms, before its own scale and shift (see afterAffine in folding.ts). */
  #after(norm: string, { weight, bias }: TrainedLinear): TrainedLinear {
    const g = this.#graph;
    const [out, input] = weight.shape as [number, number];
    const [scale, shift] = this.#norm(norm, input);
    const shifted = reduceSum(g, mul(g, weight, reshape(g, shift, [1, input, 1])), [1, 2]);
    return {
      weight: mul(g, weight, reshape(g, scale, [1, input, 1])),
      bias: add(g, bias, reshape(g, shifted, [out, 1])),
    };
  }

  #linear(name: string, shape: readonly [out: number, input: number, ...kernel: number[]]): TrainedLinear {
    const g = this.#graph;
    const [out, input, ...kernel] = shape;
    const places = kernel.reduce((product, size) => product * size, 1);
    return {
      weight: reshape(g, this.#parameter(`${name}.weight`, shape), [out, input, places]),
      bias: reshape(g, this.#parameter(`${name}.bias`, [out]), [out, 1]),
    };
  }

  #norm(name: string, channels: number): readonly [scale: Value, shift: Value] {
    return [this.#parameter(`${name}.weight`, [channels]), this.#parameter(`${name}.bias`, [channels])];
  }

  #parameter(name: string, shape: readonly number[]): Value {
    const value = this.#graph.input(name, "float32", shape);
    this.trained.set(name, value);
    return value;
  }
}
