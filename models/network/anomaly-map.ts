import { fixed, type Graph, type Value } from "../graph/graph.js";
import { add, div, matMul, max, mul, reduceMax, reduceSum, reduceSumSquare, sqrt, sub } from "../graph/ops.js";
import type { Features } from "./backbones/backbone.js";

/** RD4AD smooths the summed map with SciPy's gaussian_filter at this sigma, in pixels. */
export const SMOOTHING_SIGMA = 4;
/** SciPy's default: the kernel ends at this many sigmas. */
const TRUNCATE = 4;
/** The epsilon of PyTorch's cosine_similarity. */
const COSINE_EPSILON = 1e-8;
/** Far below what a student makes of any picture, and above nothing. */
const LEAST_SEEN = 1e-6;
/** Keeps a map of zeros from being divided by zero. */
const LEAST_PEAK = 1e-20;

export interface MapSize {
  readonly width: number;
  readonly height: number;
}

/** A map of distances at the teacher's resolution, [N, rows, columns], and how much of it the anomaly map takes. */
export interface WeightedMap {
  readonly map: Value;
  readonly weight: number;
}

/**
 * Maps of distances, weighted, each resized bilinearly (corners aligned) to the image, summed, smoothed. Resize and smoothing are both linear
 * and separable, so each map needs one matrix from the left and one from the right: two small MatMuls instead of a 33-tap convolution
 * over the full image. The weights are in the matrices.
 * @param parts at least one
 * @returns [N, height, width]
 */
export function smoothedSum(g: Graph, parts: readonly WeightedMap[], { width, height }: MapSize): Value {
  const full = parts.map(({ map, weight }) => {
    const [rows, columns] = [fixed(map.shape[1]), fixed(map.shape[2])];
    const left = g.sharedConstant(`resize_rows:${rows}:${weight}`, () => [
      smoothedResize(rows, height).map((each) => weight * each),
      [height, rows],
    ]);
    const right = g.sharedConstant(`resize_columns:${columns}`, () => [
      transposed(smoothedResize(columns, width), width, columns),
      [columns, width],
    ]);
    return matMul(g, matMul(g, left, map), right);
  });
  return full.reduce((total, each) => add(g, total, each));
}

/**
 * Student and memory together: how strange a picture is, the sum of both says; where, their product, as the student's map is the finer one. So
 * the map is the sum times the student's, stretched until its maximum is the sum's.
 * @param student the student's smoothed map, [N, height, width], and the memory's
 */
export function joined(g: Graph, student: Value, memory: Value): Value {
  const sum = add(g, student, memory);
  // Where the student sees nothing at all, the sum alone says where.
  const where = mul(g, sum, add(g, student, g.scalar(LEAST_SEEN)));
  const peak = (map: Value): Value => reduceMax(g, map, [1, 2], true);
  return mul(g, where, div(g, peak(sum), max(g, peak(where), g.scalar(LEAST_PEAK))));
}

/**
 * A map and its score as outputs.
 * @returns map [N, height, width] and score [N]
 */
export function scored(
  g: Graph,
  map: Value,
  options: { readonly map?: string; readonly score?: string } = {},
): { readonly map: Value; readonly score: Value } {
  const { map: mapName = "map", score: name = "score" } = options;
  const named = g.node("Identity", [map], map.shape, { name: mapName });
  const attributes = { axes: [1, 2], keepdims: 0 };
  return { map: named, score: g.node("ReduceMax", [map], [map.shape[0]!], { name, attributes }) };
}

/** How far teacher and student disagree at each of three scales: 1 - cosine similarity over the channels, [N, H, W] each. */
export function disagreement(g: Graph, teacher: Features, student: Features): readonly Value[] {
  return teacher.map((features, index) => cosineDistance(g, features, student[index]!));
}

/** 1 - cosine similarity over the channels: [N, C, H, W] twice -> [N, H, W] */
function cosineDistance(g: Graph, a: Value, b: Value): Value {
  const norm = (x: Value) => max(g, sqrt(g, reduceSumSquare(g, x, [1], false)), g.scalar(COSINE_EPSILON));
  const dot = reduceSum(g, mul(g, a, b), [1], false);
  return sub(g, g.scalar(1), div(g, dot, mul(g, norm(a), norm(b))));
}

/** Row-major [to, from]: bilinear resize with corners aligned, then the Gaussian with mirrored edges (d c b a | a b c d). */
export function smoothedResize(from: number, to: number): Float32Array {
  const resize = new Float64Array(to * from);
  for (let row = 0; row < to; row += 1) {
    const position = to === 1 ? 0 : (row * (from - 1)) / (to - 1);
    const low = Math.min(Math.floor(position), from - 1);
    const high = Math.min(low + 1, from - 1);
    const share = position - low;
    resize[row * from + low]! += 1 - share;
    resize[row * from + high]! += share;
  }
  const radius = Math.floor(TRUNCATE * SMOOTHING_SIGMA + 0.5);
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, tap) =>
    Math.exp(-0.5 * ((tap - radius) / SMOOTHING_SIGMA) ** 2),
  );
  const total = kernel.reduce((sum, each) => sum + each, 0);
  const result = new Float64Array(to * from);
  for (let row = 0; row < to; row += 1) {
    kernel.forEach((weight, tap) => {
      const source = mirrored(row + tap - radius, to);
      for (let column = 0; column < from; column += 1) {
        result[row * from + column]! += (weight / total) * resize[source * from + column]!;
      }
    });
  }
  return Float32Array.from(result);
}

function mirrored(index: number, length: number): number {
  const period = 2 * length;
  const folded = ((index % period) + period) % period;
  return folded < length ? folded : period - 1 - folded;
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return matrix.map((_, index) => matrix[(index % rows) * columns + Math.floor(index / rows)]!);
}
