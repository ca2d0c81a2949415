import { fixed, type Graph, type Value } from "./graph.js";
import { convolution, depthToSpace, matMul, product, reshape, transpose } from "./ops.js";

/**
 * 3x3 convolutions by Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray, CVPR 2016): y = A' [(G w G') * (B' x B)] A.
 * Each 4x4 square of the result takes 36 products where the plain sum takes 144.
 */
const B = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
] as const;
const G = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
] as const;
const A = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
] as const;
/** A square's side, and that of the window it is seen through. */
const SQUARE = A.length;
const WINDOW = B.length;

/** Below this the transforms, whose cost grows with the channels, cost more than they save, which grows with their square. */
const FEWEST_CHANNELS = 64;
/** Above this the windows' gradient, which multiplies by matrices as long as a side, costs more than is saved. */
const LONGEST_SIDE = 64;

/** Whether {@link winogradConv} is quicker than the plain convolution of x [1, I, N, H, W] to `out` channels. */
export function suitsWinograd(x: Value, out: number): boolean {
  const [, input, , height, width] = x.shape;
  const sides = [fixed(height), fixed(width)];
  return (
    Math.min(fixed(input), out) >= FEWEST_CHANNELS && sides.every((side) => side % SQUARE === 0 && side <= LONGEST_SIDE)
  );
}

/** The convolution with stride 1 and padding 1 of x [1, I, N, H, W], H and W multiples of 4, by weight [O, I, 3, 3] -> [1, O, N, H, W] */
export function winogradConv(g: Graph, x: Value, weight: Value): Value {
  const [, input, , height, width] = x.shape;
  const out = fixed(weight.shape[0]);
  const filters = product(g, squared(g, "G", G), reshape(g, weight, [out * fixed(input), 9]), { transB: true });
  const seen = reshape(g, windows(g, x), [WINDOW ** 2, input!, "squares"]);
  const products = matMul(g, reshape(g, filters, [WINDOW ** 2, out, input!]), seen);
  const squares = matMul(g, squared(g, "A", A), reshape(g, products, [WINDOW ** 2, "O squares"]));
  const woven = depthToSpace(g, reshape(g, squares, [1, SQUARE ** 2, "O N H/4", fixed(width) / SQUARE]), SQUARE);
  return reshape(g, woven, [1, out, "N", height!, width!]);
}

/** B' x B of each square's window; the axis of 36 holds the windows' elements: [1, C, N, H, W] -> [1, 36, C N, H/4, W/4] */
function windows(g: Graph, x: Value): Value {
  const [, , , height, width] = x.shape;
  const [made] = g.composite("WinogradWindows", [x], {}, () => {
    const kernel = reshape(g, squared(g, "B", B), [WINDOW ** 2, 1, 1, WINDOW, WINDOW]);
    const pads = [0, 1, 1, 0, 1, 1];
    return [
      convolution(g, [reshape(g, x, [1, 1, "CN", height!, width!]), kernel], { pads, strides: [1, SQUARE, SQUARE] }),
    ];
  });
  return made;
}

/** dL/dx of the windows: the gradient of each is put back into its rows and columns; where windows overlap, they add up. */
export function windowsGradient(g: Graph, x: Value, dy: Value): Value {
  const [, channels, , height, width] = x.shape.map((dim) => (typeof dim === "number" ? dim : 0)) as number[];
  const [down, across] = [height! / SQUARE, width! / SQUARE];
  const apart = reshape(g, dy, [WINDOW, WINDOW, channels!, "N", down, across]);
  const together = reshape(g, transpose(g, apart, [2, 3, 0, 4, 1, 5]), [
    1,
    channels!,
    "N",
    WINDOW * down,
    WINDOW * across,
  ]);
  return product(g, alongSide(g, height!), matMul(g, together, alongSide(g, width!)), { transA: true });
}

/** B' for all windows along a side at once, without the columns that meet the padding: [1.5 size, size], rows by element, then window. */
function alongSide(g: Graph, size: number): Value {
  const windows = size / SQUARE;
  return matrix(g, `winograd_B_${size}`, [WINDOW * windows, size], (row, at) => {
    const [element, window] = [Math.floor(row / windows), row % windows];
    return B[element]![at - SQUARE * window + 1] ?? 0;
  });
}

/** The Kronecker product of a transform with itself, which applies it to rows and columns at once. */
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
