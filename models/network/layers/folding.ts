/** A linear map, or what scales and shifts channels: `weight` row-major, outputs first; `bias` one number for each output. */
export interface Linear {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/**
 * The map of what an affine yields, as a map of what the affine takes: W (gamma x + beta) + b = (W gamma) x + (W beta + b).
 * @param map [out, channels, ...]: a linear layer, or a convolution without padding
 * @param affine one scale and shift a channel
 */
export function afterAffine({ weight, bias }: Linear, { weight: gamma, bias: beta }: Linear): Linear {
  const area = weight.length / (bias.length * gamma.length);
  const channelAt = (index: number) => Math.floor(index / area) % gamma.length;
  const shift = new Float64Array(bias);
  weight.forEach((value, index) => {
    shift[Math.floor(index / (area * gamma.length))]! += value * beta[channelAt(index)]!;
  });
  return {
    weight: weight.map((value, index) => value * gamma[channelAt(index)]!),
    bias: Float32Array.from(shift),
  };
}

/** The map with each of its outputs multiplied: scale (W x + b). */
export function timesScale({ weight, bias }: Linear, scale: Float32Array): Linear {
  const row = weight.length / bias.length;
  return {
    weight: weight.map((value, index) => value * scale[Math.floor(index / row)]!),
    bias: bias.map((value, output) => value * scale[output]!),
  };
}
