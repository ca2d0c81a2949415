import type { Value } from "../graph/graph.js";

/** A convolution without bias, with zero padding. */
export interface ConvSpec {
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  /** ConvTranspose: `stride` enlarges. */
  readonly transposed?: boolean;
}

/**
 * How a network meets its parameters. The architecture (resnet.ts, bottleneck.ts, student.ts) is written once against
 * this and read three ways: DeclaredLayers lists the tensors, FoldedLayers builds for inference, TrainedLayers for training.
 */
export interface Layers {
  /** Convolution `conv`.weight, then batch norm `norm`: x [N, I, H, W] -> [N, out, H', W'] */
  convNorm(x: Value, conv: string, norm: string, spec: ConvSpec): Value;
  relu(x: Value): Value;
  add(a: Value, b: Value): Value;
  maxPool(x: Value, kernel: number, stride: number, padding: number): Value;
  concat(values: readonly Value[]): Value;
}

export const conv3x3 = (out: number, stride = 1): ConvSpec => ({ out, kernel: 3, stride, padding: 1 });
export const conv1x1 = (out: number, stride = 1): ConvSpec => ({ out, kernel: 1, stride, padding: 0 });
/** RD4AD's upsampling: twice the height and width. */
export const deconv2x2 = (out: number): ConvSpec => ({ out, kernel: 2, stride: 2, padding: 0, transposed: true });

/** PyTorch's layout: [out, in, k, k], transposed [in, out, k, k]. */
export function weightShape(inChannels: number, spec: ConvSpec): readonly number[] {
  const { out, kernel } = spec;
  return spec.transposed ? [inChannels, out, kernel, kernel] : [out, inChannels, kernel, kernel];
}

/** The epsilon of PyTorch's BatchNorm2d. */
export const NORM_EPSILON = 1e-5;
