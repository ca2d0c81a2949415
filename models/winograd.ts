import { fixed, type Graph, type Value } from "./graph.js";
import { convolution, depthToSpace, matMul, product, reshape, transpose } from "./ops.js";

/**
 * 3x3 convolutions by Winograd's minimal filtering F(2x2, 3x3) (Lavin & Gray, CVPR 2016): y = A' [(G w G') * (B' x B)] A.
 * Each 2x2 square of the result takes 16 products where the plain sum takes 36.
 */
const B = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
] as const;
const G = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
] as const;
const A = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
] as const;

/** The transforms' cost grows with the channels, what they save with their square. */
const FEWEST_CHANNELS = 128;
/** The windows' gradient takes matrices as long as a side. */
const LONGEST_SIDE = 32;

/** Whether a 3x3 convolution with stride 1 and padding 1 of x [1, I, N, H, W] to `out` channels gains by it. */
export function suitsWinograd(x: Value, out: number): boolean {
  const [, input, , height, width] = x.shape;
  const sides = [fixed(height), fixed(width)];
  return (
    Math.min(fixed(input), out) >= FEWEST_CHANNELS && sides.every((side) => side % 2 === 0 && side <= LONGEST_SIDE)
  );
}

/** Stride 1, padding 1: x [1, I, N, H, W] with even sides, weight [O, I, 3, 3] -> [1, O, N, H, W] */
export function winogradConv(g: Graph, x: Value, weight: Value): Value {
  const [, input, , height, width] = x.shape;
  const out = fixed(weight.shape[0]);
  const filters = product(g, squared(g, "G", G), reshape(g, weight, [out * fixed(input), 9]), { transB: true });
  const seen = reshape(g, windows(g, x), [16, input!, "squares"]);
  const products = matMul(g, reshape(g, filters, [16, out, input!]), seen);
  const squares = matMul(g, squared(g, "A", A), reshape(g, products, [16, "O squares"]));
  const woven = depthToSpace(g, reshape(g, squares, [1, 4, "O N H/2", fixed(width) / 2]), 2);
  return reshape(g, woven, [1, out, "N", height!, width!]);
}

/** B' x B of every square's 4x4 window, one element of all windows after the other: [1, 16, C N, H/2, W/2] */
function windows(g: Graph, x: Value): Value {
  const [, , , height, width] = x.shape;
  const [made] = g.composite("WinogradWindows", [x], {}, () => {
    const kernel = reshape(g, squared(g, "B", B), [16, 1, 1, 4, 4]);
    const pads = [0, 1, 1, 0, 1, 1];
    return [convolution(g, [reshape(g, x, [1, 1, "CN", height!, width!]), kernel], { pads, strides: [1, 2, 2] })];
  });
  return made;
}

/** dL/dx of the windows: each one's part back in its rows and columns, where neighbours add up. */
export function windowsGradient(g: Graph, x: Value, dy: Value): Value {
  const [, channels, , height, width] = x.shape.map((dim) => (typeof dim === "number" ? dim : 0)) as number[];
  const apart = reshape(g, dy, [4, 4, channels!, "N", height! / 2, width! / 2]);
  const together = reshape(g, transpose(g, apart, [2, 3, 0, 4, 1, 5]), [1, channels!, "N", 2 * height!, 2 * width!]);
  return product(g, alongSide(g, height!), matMul(g, together, alongSide(g, width!)), { transA: true });
}

/** B' of all windows along a side, the zeros around it left out: row (element, window), [2 size, size] */
function alongSide(g: Graph, size: number): Value {
  return matrix(g, `winograd_B_${size}`, [2 * size, size], (row, at) => {
    const [element, window] = [Math.floor(row / (size / 2)), row % (size / 2)];
    return B[element]![at - 2 * window + 1] ?? 0;
  });
}

/** Applied to rows and columns at once: the Kronecker product of a transform with itself. */
function squared(g: Graph, name: string, transform: readonly (readonly number[])[]): Value {
  const [rows, columns] = [transform.length, transform[0]!.length];
  return matrix(
    g,
    `winograd_${name}`,
    [rows * rows, columns * columns],
    (row, column) =>
      transform[Math.floor(row / rows)]![Math.floor(column / columns)]! * transform[row % rows]![column % columns]!,
  );
}

function matrix(
  g: Graph,
  name: string,
  [rows, columns]: readonly [number, number],
  at: (row: number, column: number) => number,
): Value {
  return g.sharedConstant(name, () => {
    const data = Float32Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));
    return [data, [rows, columns]];
  });
}
