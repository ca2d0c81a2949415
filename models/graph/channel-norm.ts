import { fixed, type Graph, sizeOf, type Value } from "./graph.js";
import { add, affine, div, dot, matMul, mul, reduceSum, reshape, sqrt, sub } from "./ops.js";

// LayerNorm over the channels of each place, in its two halves: what follows often takes the second half into its own weights.

/** ConvNeXt's epsilon (PyTorch's default is 1e-5). */
export const LAYER_NORM_EPSILON = 1e-6;

/** Each place's channels with mean 0 and variance 1: x [N, C, H, W] or [1, C, N, H, W]. */
export function channelNorm(g: Graph, x: Value): Value {
  const [y] = g.composite("ChannelNorm", [x], {}, () => {
    const centred = sub(g, x, channelMean(g, x));
    const variance = channelMean(g, mul(g, centred, centred));
    const inverse = div(g, g.scalar(1), sqrt(g, add(g, variance, g.scalar(LAYER_NORM_EPSILON))));
    return [mul(g, centred, inverse), inverse];
  });
  return y;
}

/** dL/dx of {@link channelNorm} (Ba, Kiros & Hinton 2016): dy less its part along what the norm takes out, the mean and the length. */
export function channelNormGradient(g: Graph, y: Value, inverse: Value, dy: Value): Value {
  const along = mul(g, y, channelMean(g, mul(g, dy, y)));
  return mul(g, inverse, sub(g, sub(g, dy, channelMean(g, dy)), along));
}

/**
 * The mean of each place's channels: [N, C, H, W] -> [N, 1, H, W] or [1, C, N, H, W] -> [1, 1, N, H, W]. A product with a row of 1 / C: ONNX
 * Runtime's ReduceMean over channels takes several times as long.
 */
function channelMean(g: Graph, x: Value): Value {
  const [images, channels, ...space] = x.shape;
  const count = fixed(channels);
  const share = g.sharedConstant(`share:${count}`, () => [new Float32Array(count).fill(1 / count), [1, count]]);
  const places = space.every((dim) => typeof dim === "number") ? sizeOf(space) : "places";
  return reshape(g, matMul(g, share, reshape(g, x, [images!, count, places])), [images!, 1, ...space]);
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
