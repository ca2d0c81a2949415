import { fixed, type Graph, type Value } from "./graph.js";
import { convolution, matMul, reshape } from "./ops.js";

/**
 * The convolution of each channel by a kernel of its own, stride 1, with as much padding as keeps height and width:
 * x [N, C, H, W], weight [C, 1, k, k], bias [C], or x [1, C, N, H, W], weight [C, 1, 1, k, k]; k odd.
 */
export function depthwise(g: Graph, x: Value, weight: Value, bias?: Value): Value {
  const pads = weight.shape.slice(2).map((size) => (fixed(size) - 1) / 2);
  const inputs: Parameters<typeof convolution>[1] = bias === undefined ? [x, weight] : [x, weight, bias];
  return convolution(g, inputs, { pads: [...pads, ...pads], group: fixed(weight.shape[0]) });
}

/** dL/dx of {@link depthwise} over a batch: what each place gave to its neighbours comes back through the kernel turned around. */
export function depthwiseInputGradient(g: Graph, weight: Value, dy: Value): Value {
  const [channels, kernel] = [fixed(weight.shape[0]), fixed(weight.shape[4])];
  const taps = kernel * kernel;
  const reversal = g.sharedConstant(`reversal:${taps}`, () => [
    // A product turns the kernels around, since ONNX Runtime slices slowly.
    Float32Array.from({ length: taps * taps }, (_, at) => (Math.floor(at / taps) + (at % taps) === taps - 1 ? 1 : 0)),
    [taps, taps],
  ]);
  const turned = matMul(g, reshape(g, weight, [channels, taps]), reversal);
  return depthwise(g, dy, reshape(g, turned, weight.shape));
}

/** dL/dweight of {@link depthwise} over a batch: each channel's pictures, seen through its dy as the kernel and summed over the images. */
export function depthwiseWeightGradient(g: Graph, x: Value, weight: Value, dy: Value): Value {
  const [channels, kernel] = [fixed(weight.shape[0]), fixed(weight.shape[4])];
  const [, , , height, width] = x.shape;
  const margin = (kernel - 1) / 2;
  const pictures = reshape(g, x, [1, "CN", height!, width!]);
  const sums = convolution(g, [pictures, reshape(g, dy, [channels, "N", height!, width!])], {
    pads: [margin, margin, margin, margin],
    group: channels,
  });
  return reshape(g, sums, weight.shape);
}
