import { fixed, type Graph, type Value } from "./graph.js";
import { convolution, matMul, mirroredAround, padWith, product, reshape } from "./ops.js";

/**
 * The convolution of each channel by a kernel of its own, stride 1, with as much padding as keeps height and width: x [N, C, H, W],
 * weight [C, 1, k, k], bias [C]; k odd. Beyond the edges are zeros, or x mirrored (d c b | a b c d | c b a).
 */
export function depthwise(
  g: Graph,
  x: Value,
  { weight, bias, isMirrored }: { readonly weight: Value; readonly bias: Value; readonly isMirrored: boolean },
): Value {
  const pads = weight.shape.slice(2).map((size) => (fixed(size) - 1) / 2);
  const group = fixed(weight.shape[0]);
  if (!isMirrored) return convolution(g, [x, weight, bias], { pads: [...pads, ...pads], group });
  const framed = mirroredAround(g, x, [0, 0, ...pads]);
  return convolution(g, [framed, weight, bias], { pads: [0, 0, 0, 0], group });
}

/**
 * The same over a batch, without bias and with a derivative: x [1, C, N, H, W], weight [C, 1, 1, k, k]. One matrix product a channel: the k rows
 * around each row, side by side, times the kernel's rows as bands of a matrix, one diagonal for each of their taps. Most of such a matrix is
 * zeros, yet the product is several times as quick as ONNX Runtime's grouped convolution, which multiplies one row by a matrix for each channel.
 */
export function batchDepthwise(g: Graph, x: Value, weight: Value): Value {
  const [y] = g.composite("Depthwise", [x, weight], {}, () => {
    const [channels, kernel] = [fixed(weight.shape[0]), fixed(weight.shape[4])];
    const width = fixed(x.shape[4]);
    const taps = reshape(g, weight, [channels * kernel, kernel]);
    const bands = reshape(g, matMul(g, taps, diagonals(g, kernel, width)), [channels, kernel * width, width]);
    return [reshape(g, matMul(g, rowsAround(g, x, kernel), bands), x.shape)];
  });
  return y;
}

/** dL/dx of {@link batchDepthwise}: what each place gave to its neighbours comes back through the kernel turned around. */
export function depthwiseInputGradient(g: Graph, weight: Value, dy: Value): Value {
  const [channels, kernel] = [fixed(weight.shape[0]), fixed(weight.shape[4])];
  const taps = kernel * kernel;
  const reversal = g.sharedConstant(`reversal:${taps}`, () => [
    // A product turns the kernels around, since ONNX Runtime slices slowly.
    Float32Array.from({ length: taps * taps }, (_, at) => (Math.floor(at / taps) + (at % taps) === taps - 1 ? 1 : 0)),
    [taps, taps],
  ]);
  const turned = matMul(g, reshape(g, weight, [channels, taps]), reversal);
  return batchDepthwise(g, dy, reshape(g, turned, weight.shape));
}

/** dL/dweight of {@link batchDepthwise}: that of its bands, summed along each diagonal. */
export function depthwiseWeightGradient(g: Graph, x: Value, weight: Value, dy: Value): Value {
  const [channels, kernel] = [fixed(weight.shape[0]), fixed(weight.shape[4])];
  const width = fixed(x.shape[4]);
  const rows = reshape(g, dy, [channels, "NH", width]);
  // The rows are put together anew: kept since the convolution, they would take k times the memory of x.
  const bands = product(g, rowsAround(g, x, kernel), rows, { transA: true });
  const flat = reshape(g, bands, [channels * kernel, width * width]);
  return reshape(g, product(g, flat, diagonals(g, kernel, width), { transB: true }), weight.shape);
}

/** Each row with those around it, side by side from top to bottom, zeros beyond the edges: [1, C, N, H, W] -> [C, N H, k W] */
function rowsAround(g: Graph, x: Value, kernel: number): Value {
  const [, channels, images, height, width] = x.shape;
  const [rows, margin] = [fixed(height), (kernel - 1) / 2];
  const framed = padWith(g, x, [0, 0, 0, 1, 0], 0);
  const chosen = g.sharedConstant(`rows:${rows}:${kernel}`, () => {
    const index = (at: number) => Math.floor(at / kernel) + (at % kernel) - margin + 1;
    const within = (row: number) => BigInt(Math.min(Math.max(row, 0), rows + 1));
    return [BigInt64Array.from({ length: rows * kernel }, (_, at) => within(index(at))), [rows, kernel]];
  });
  const shape = [1, channels!, images!, rows, kernel, width!];
  const gathered = g.node("Gather", [framed, chosen], shape, { attributes: { axis: 3 } });
  return reshape(g, gathered, [channels!, "NH", kernel * fixed(width)]);
}

/** Row v: a matrix [width, width], flat, that takes each place of a row to where tap v of a kernel's row sees it from. */
function diagonals(g: Graph, kernel: number, width: number): Value {
  return g.sharedConstant(`diagonals:${kernel}:${width}`, () => {
    const places = width * width;
    const isSeen = (tap: number, from: number, to: number) => from === to + tap - (kernel - 1) / 2;
    const data = Float32Array.from({ length: kernel * places }, (_, at) => {
      const place = at % places;
      return isSeen(Math.floor(at / places), Math.floor(place / width), place % width) ? 1 : 0;
    });
    return [data, [kernel, places]];
  });
}
