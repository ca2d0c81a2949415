/** From float32 to whole numbers of 8 bits: value = scale (number - zero). */

/** The least and the greatest value that is told apart; what lies beyond is taken for it. */
export interface ValueRange {
  readonly least: number;
  readonly most: number;
}

export interface Scale {
  readonly scale: number;
  readonly zero: number;
}

const ACTIVATION_LEVELS = 255;
/**
 * Seven bits: without VNNI, x86 adds two products of a uint8 and an int8 in 16 bits, which 8 bits of both overflow. So a bundle judges
 * alike on every machine.
 */
const WEIGHT_LEVELS = 63;
const LEAST_SCALE = 1e-12;
const MOST_INT32 = 2 ** 31 - 1;

/** The scale of an activation, uint8. A range from 0 on has its zero at 0, so that it is a ReLU, too. */
export function activationScale({ least, most }: ValueRange): Scale {
  const from = Math.min(least, 0);
  const scale = Math.fround(Math.max((Math.max(most, 0) - from) / ACTIVATION_LEVELS, LEAST_SCALE));
  return { scale, zero: Math.round(-from / scale) };
}

export interface WholeWeights {
  /** As the weights lie. */
  readonly weights: Int8Array;
  /** Of each output. */
  readonly scales: Float32Array;
  /** Of each output, in units of the output's scale times the input's. */
  readonly bias: Int32Array;
}

/**
 * Weights per output channel, symmetric, and the bias in the units of their products.
 * @param weights outputs first, row-major
 * @param inputScale of what they are multiplied by
 */
export function wholeWeights(weights: Float32Array, bias: Float32Array, inputScale: number): WholeWeights {
  const row = weights.length / bias.length;
  const scales = Float32Array.from(bias, (shift, output) => {
    let most = 0;
    for (let at = output * row; at < (output + 1) * row; at += 1) most = Math.max(most, Math.abs(weights[at]!));
    // Where all weights are next to nothing the bias alone speaks, and has to fit.
    return Math.max(most / WEIGHT_LEVELS, Math.abs(shift) / (inputScale * (MOST_INT32 / 2)), LEAST_SCALE);
  });
  return {
    weights: new Int8Array(weights.map((weight, at) => Math.round(weight / scales[Math.floor(at / row)]!))),
    scales,
    bias: Int32Array.from(bias, (shift, output) => Math.round(shift / (inputScale * scales[output]!))),
  };
}
