import { fixed, type Graph, type Value } from "../graph/graph.js";
import {
  concat,
  conv,
  div,
  matMul,
  max,
  maxOf,
  padWith,
  reduceMean,
  reduceSumSquare,
  reshape,
  slice,
  sqrt,
  sub,
  topK,
  transpose,
} from "../graph/ops.js";

/** Stored pictures that a place is compared with: the mean distance to so many nearest ones counts, so that no single picture decides. */
export const NEAREST = 3;
/** The epsilon of PyTorch's normalize, for a place where the teacher sees nothing. */
export const LEAST_LENGTH = 1e-12;
/** Less than any cosine similarity: what lies beyond the map's edge. */
const BEYOND = -2;
const SIDE = 3;
/** The name of a memory's projection in a bundle's model. */
export const MEMORY_PROJECTION = "memory_projection";

/**
 * A memory of good pictures: the deepest of the teacher's three maps of each, every place of it projected onto a few channels and
 * scaled to length 1.
 */
export interface Memory {
  readonly pictures: number;
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
  /** float32 [channels, the teacher's channels] */
  readonly projection: Float32Array;
  /** float32 [rows columns, channels, pictures] */
  readonly vectors: Float32Array;
}

/** The vectors of a memory for the teacher's deepest map: x [N, C, H, W] -> [N, D, H, W], each place of length 1. */
export function memoryVectors(
  g: Graph,
  x: Value,
  { projection, channels }: Pick<Memory, "projection" | "channels">,
): Value {
  const weight = g.sharedConstant(MEMORY_PROJECTION, () => [projection, [channels, fixed(x.shape[1]), 1, 1]]);
  return unitLength(g, conv(g, x, weight, null, { stride: 1, padding: 0 }));
}

/** x [N, C, H, W], each place divided by its length over the channels. */
export function unitLength(g: Graph, x: Value): Value {
  return div(g, x, max(g, sqrt(g, reduceSumSquare(g, x, [1])), g.scalar(LEAST_LENGTH)));
}

/**
 * How far each place of a picture is from the good pictures stored: the mean, over the {@link NEAREST} nearest pictures, of 1 - the
 * largest cosine similarity to that picture's vectors at the place and the eight around it.
 *
 * The vectors of the memory outweigh all else, so each is read once: every place of the memory is multiplied with the nine places of
 * the picture around it, and the products are moved to where they belong afterwards.
 * @param vectors [N, D, H, W], see {@link memoryVectors}
 * @returns distance [N, H, W]; and the same with the nearest picture left out, for pictures that are stored themselves (at distance 0)
 */
export function memoryDistance(g: Graph, vectors: Value, memory: Memory): { distance: Value; others: Value } {
  const { rows, columns, channels, pictures } = memory;
  const shifts = Array.from({ length: SIDE * SIDE }, (_, at) => ({ y: Math.floor(at / SIDE), x: at % SIDE }));
  const window = ({ y, x }: { y: number; x: number }, [row, column]: readonly [number, number]) => [
    { axis: row, from: y, to: y + rows },
    { axis: column, from: x, to: x + columns },
  ];
  const padded = padWith(g, transpose(g, vectors, [2, 3, 0, 1]), [1, 1, 0, 0], 0);
  const around = concat(
    g,
    shifts.map((shift) => reshape(g, slice(g, padded, window(shift, [0, 1])), [rows, columns, 1, "N", channels])),
    2,
  );
  const places = rows * columns;
  const queries = reshape(g, around, [places, `${SIDE * SIDE} N`, channels]);
  const stored = g.sharedConstant("memory_vectors", () => [memory.vectors, [places, channels, pictures]]);
  // [places, 9 N, pictures]: row s of a place of the memory is of the picture's place that lies s - (1, 1) away.
  const similar = reshape(g, matMul(g, queries, stored), [rows, columns, SIDE * SIDE, "N", pictures]);
  const framed = padWith(g, similar, [1, 1, 0, 0, 0], BEYOND);
  const moved = shifts.map((shift, at) => {
    const back = { y: SIDE - 1 - shift.y, x: SIDE - 1 - shift.x };
    return slice(g, framed, [...window(back, [0, 1]), { axis: 2, from: at, to: at + 1 }]);
  });
  const best = reshape(g, maxOf(g, moved), [rows, columns, "N", pictures]);
  const kept = Math.min(NEAREST + 1, pictures);
  const nearest = topK(g, best, kept);
  const meanOf = (from: number, to: number) => {
    const some = slice(g, nearest, [{ axis: 3, from, to }]);
    const distance = sub(g, g.scalar(1), reduceMean(g, some, [3], false));
    return transpose(g, distance, [2, 0, 1]);
  };
  return { distance: meanOf(0, Math.min(NEAREST, kept)), others: meanOf(Math.min(1, kept - 1), kept) };
}
