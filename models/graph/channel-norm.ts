import { fixed, type Graph, type Value } from "./graph.js";
import { add, affine, div, dot, mul, reduceMean, reduceSum, reshape, sqrt, sub } from "./ops.js";

// LayerNorm over the channels of each place, in its two halves: what follows often takes the second half into its own weights.

/** ConvNeXt's epsilon (PyTorch's default is 1e-5). */
export const LAYER_NORM_EPSILON = 1e-6;

/** Each place's channels with mean 0 and variance 1: x [N, C, H, W] or [1, C, N, H, W]. */
export function channelNorm(g: Graph, x: Value): Value {
  const [y] = g.composite("ChannelNorm", [x], {}, () => {
    const centred = sub(g, x, reduceMean(g, x, [1]));
    const variance = reduceMean(g, mul(g, centred, centred), [1]);
    const inverse = div(g, g.scalar(1), sqrt(g, add(g, variance, g.scalar(LAYER_NORM_EPSILON))));
    return [mul(g, centred, inverse), inverse];
  });
  return y;
}

/** dL/dx of {@link channelNorm} (Ba, Kiros & Hinton 2016): dy less its part along what the norm takes out, the mean and the length. */
export function channelNormGradient(g: Graph, y: Value, inverse: Value, dy: Value): Value {
  const along = mul(g, y, reduceMean(g, mul(g, dy, y), [1]));
  return mul(g, inverse, sub(g, sub(g, dy, reduceMean(g, dy, [1])), along));
}

/** x * scale + shift per channel, with a derivative (see {@link affine}): x [1, C, N, H, W]; scale and shift [C]. */
export function channelAffine(g: Graph, x: Value, scale: Value, shift: Value): Value {
  const [y] = g.composite("ChannelAffine", [x, scale, shift], {}, () => [affine(g, x, scale, shift)]);
  return y;
}

/** dL/dx, dL/dscale and dL/dshift of {@link channelAffine}. */
export function channelAffineGradient(g: Graph, x: Value, scale: Value, dy: Value): readonly [Value, Value, Value] {
  const channels = fixed(x.shape[1]);
  return [
    mul(g, dy, reshape(g, scale, [1, channels, 1, 1, 1])),
    reshape(g, dot(g, dy, x, 2), [channels]),
    reshape(g, reduceSum(g, dy, [0, 2, 3, 4]), [channels]),
  ];
}
