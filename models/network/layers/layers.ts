import type { Value } from "../../graph/graph.js";

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

/** The vocabulary of encoders. An encoder is frozen: what stands here needs no derivative. */
export interface EncoderLayers extends BlockLayers {
  /** x [N, C, H, W] -> [N, C, H', W'] */
  maxPool(x: Value, kernel: number, stride: number, padding: number): Value;
}

/** The vocabulary of what is trained, bottleneck and student: all of it has a derivative. */
export interface StudentLayers extends BlockLayers {
  /** Transposed convolution `conv`.weight ({@link deconv2x2}), then batch norm `norm`: x [N, I, H, W] -> [N, out, 2 H, 2 W] */
  deconvNorm(x: Value, conv: string, norm: string, out: number): Value;
  /** Joins maps of the same size along their channels. */
  concat(maps: readonly Value[]): Value;
}

/** The epsilon of PyTorch's BatchNorm2d. */
export const NORM_EPSILON = 1e-5;
