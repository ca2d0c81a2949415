import type { EmbeddedNetwork } from "../../graph/embedded.js";
import type { Shape, Value } from "../../graph/graph.js";

/** A convolution without bias, with zero padding. */
export interface ConvSpec {
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

export const conv3x3 = (out: number, stride = 1): ConvSpec => ({ out, kernel: 3, stride, padding: 1 });
export const conv1x1 = (out: number, stride = 1): ConvSpec => ({ out, kernel: 1, stride, padding: 0 });
/** RD4AD's upsampling: a transposed convolution to twice the height and width. */
export const deconv2x2 = (out: number): ConvSpec => ({ out, kernel: 2, stride: 2, padding: 0 });

/**
 * What residual blocks are written in. A network is written once, against one of the vocabularies below, and read in several ways:
 * DeclaredLayers lists its tensors, FoldedLayers builds it for inference, TrainedLayers for training.
 */
export interface BlockLayers {
  /** Convolution `conv`.weight, then batch norm `norm`: x [N, I, H, W] -> [N, out, H', W'] */
  convNorm(x: Value, conv: string, norm: string, spec: ConvSpec): Value;
  relu(x: Value): Value;
  add(a: Value, b: Value): Value;
}

/** A convolution of squares that lie side by side, with bias: its stride is its side. */
export interface PatchSpec {
  readonly out: number;
  readonly side: number;
  /** The LayerNorm over channels that x goes through first. */
  readonly norm?: string;
}

/** The tensors of a {@link ConvNextLayers.perceptron}. */
export interface PerceptronSpec {
  readonly norm: string;
  readonly expand: string;
  readonly contract: string;
  /** The whole name of the layer scale. */
  readonly scale: string;
  /** Channels between the two linear layers. */
  readonly inner: number;
}

/** A convolution of each channel by a kernel of its own; `kernel`: its side, odd. */
export interface DepthwiseSpec {
  readonly kernel: number;
  /** Beyond the edges of x is x mirrored, not zeros. */
  readonly isMirrored: boolean;
}

/** What ConvNeXts are written in. */
export interface ConvNextLayers {
  /** x [N, I, H, W] -> [N, out, H / side, W / side] */
  patches(x: Value, conv: string, spec: PatchSpec): Value;
  /** Each channel by a kernel of its own, with bias; keeps x's shape. */
  depthwise(x: Value, conv: string, spec: DepthwiseSpec): Value;
  /** LayerNorm over the channels of each place. */
  layerNorm(x: Value, norm: string): Value;
  /** At each place: LayerNorm, a linear layer, GELU, a linear layer back to x's channels, the layer scale. */
  perceptron(x: Value, spec: PerceptronSpec): Value;
  add(a: Value, b: Value): Value;
}

/** The vocabulary of a student that mirrors a ConvNeXt: all of it has a derivative. */
export interface MirroredLayers extends ConvNextLayers {
  /** A transposed convolution ({@link deconv2x2}) with bias: x [N, I, H, W] -> [N, out, 2 H, 2 W] */
  enlarge(x: Value, conv: string, out: number): Value;
  /** Joins maps of the same size along their channels. */
  concat(maps: readonly Value[]): Value;
}

/** Of three maps, fine to coarse. */
export type ThreeShapes = readonly [Shape, Shape, Shape];

/** The vocabulary of encoders. An encoder is frozen: what stands here needs no derivative. */
export interface EncoderLayers extends BlockLayers, ConvNextLayers {
  /** A network that is not ours, whole: image [N, 3, H, W] -> its taps, fine to coarse, of the shapes named */
  embedded(image: Value, network: EmbeddedNetwork, shapes: ThreeShapes): readonly [Value, Value, Value];
  /** x [N, C, H, W] -> [N, C, H', W'] */
  maxPool(x: Value, kernel: number, stride: number, padding: number): Value;
}

/** The vocabulary of what is trained, bottleneck and student: all of it has a derivative. */
export interface StudentLayers extends BlockLayers {
  /** Transposed convolution `conv`.weight ({@link deconv2x2}), then batch norm `norm`: x [N, I, H, W] -> [N, out, 2 H, 2 W] */
  deconvNorm(x: Value, conv: string, norm: string, out: number): Value;
  /** A linear layer at each place, `conv`.weight [out, I, 1, 1] and `conv`.bias: x [N, I, H, W] -> [N, out, H, W] */
  linear(x: Value, conv: string, out: number): Value;
  /** Joins maps of the same size along their channels. */
  concat(maps: readonly Value[]): Value;
}

/** The epsilon of PyTorch's BatchNorm2d. */
export const NORM_EPSILON = 1e-5;
