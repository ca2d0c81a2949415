import { Graph, type Value } from "../graph/graph.js";
import { product, reduceSum, reshape } from "../graph/ops.js";
import { scored, smoothedSum } from "../network/anomaly-map.js";
import type { Scale } from "../network/backbones/backbone.js";
import { type Memory, memoryDistance, memoryVectors, unitLength } from "../network/memory.js";
import type { InputSize } from "../network/rd.js";
import { encodeModel } from "../onnx/encode.js";
import { floats, floatsOf, openSession } from "../onnx/session.js";
import { createRandom } from "../random.js";
import type { FeatureSource } from "./features.js";

/** Channels that the teacher's features are projected onto. */
const CHANNELS = 32;
const BATCH = 8;
/** Rounds of the subspace iteration: what it has not parted by then is as good either way. */
const ROUNDS = 40;

export interface Remembered {
  readonly memory: Memory;
  /** The pictures stored, by index, in the memory's order. */
  readonly stored: readonly number[];
  /** For each index, the maximum of the smoothed distances to the other pictures stored. */
  readonly distances: ReadonlyMap<number, number>;
}

/** What a memory is made from. */
export interface MemorySource {
  readonly features: FeatureSource;
  /** The teacher's deepest scale. */
  readonly scale: Scale;
  readonly size: InputSize;
  readonly threads: number;
  /** Called with the number of pictures that the teacher has seen. */
  readonly onDone?: (done: number) => void;
}

/**
 * The memory of good pictures, and how far each of them is from the others.
 *
 * The features are projected onto the leading eigenvectors of their second moment, taken over the pictures themselves, each place's
 * features of length 1: fewer numbers to store, and what good parts never show no longer counts. Of more pictures than `limit` those are
 * stored that differ most (each the farthest from those before it).
 * @param indices of the pictures
 */
export async function remember(source: MemorySource, indices: readonly number[], limit: number): Promise<Remembered> {
  const shape = mapShape(source);
  const projection = leadingVectors(await secondMoment(source, indices), shape[1], Math.min(CHANNELS, shape[1]));
  const channels = projection.length / shape[1];
  const vectors = new Map<number, Float32Array>();
  const length = channels * shape[2] * shape[3];
  await overBatches(source, indices, projectionGraph(source, { projection, channels }), (part, { vectors: all }) => {
    part.forEach((index, slot) => void vectors.set(index, all!.slice(slot * length, (slot + 1) * length)));
  });
  const stored = spreadOut(indices, vectors, Math.min(limit, indices.length));
  const memory = memoryOf(
    projection,
    stored.map((index) => vectors.get(index)!),
    shape,
  );
  const isStored = new Set(stored);
  const distances = new Map<number, number>();
  await overBatches(source, indices, distanceGraph(source, memory), (part, { distance, others }) => {
    part.forEach((index, slot) => void distances.set(index, (isStored.has(index) ? others : distance)![slot]!));
  });
  return { memory, stored, distances };
}

/** The same memory without some of its pictures. */
export function forget({ memory, stored, distances }: Remembered, left: ReadonlySet<number>): Remembered {
  const kept = [...stored.keys()].filter((at) => !left.has(stored[at]!));
  const vectors = Float32Array.from(
    { length: (memory.vectors.length / memory.pictures) * kept.length },
    (_, at) => memory.vectors[Math.floor(at / kept.length) * memory.pictures + kept[at % kept.length]!]!,
  );
  return { memory: { ...memory, pictures: kept.length, vectors }, stored: kept.map((at) => stored[at]!), distances };
}

/** [N, C, H, W] of the teacher's deepest map; N stands for any count. */
function mapShape({ scale, size }: MemorySource): readonly ["N", number, number, number] {
  return ["N", scale.channels, size.height / scale.stride, size.width / scale.stride];
}

function featuresGraph(source: MemorySource, name: string): { readonly g: Graph; readonly features: Value } {
  const g = new Graph(name);
  return { g, features: g.input("features", "float32", mapShape(source)) };
}

/** features -> moment [C, C]: the sum of f f^T over the places of all pictures, f of length 1. */
function momentGraph(source: MemorySource): Graph {
  const { g, features } = featuresGraph(source, "second_moment");
  const [count, channels, rows, columns] = mapShape(source);
  const places = reshape(g, unitLength(g, features), [count, channels, rows * columns]);
  const sum = reduceSum(g, product(g, places, places, { transB: true }), [0], false);
  g.output(g.node("Identity", [sum], sum.shape, { name: "moment" }));
  return g;
}

/** features -> vectors [N, D, H, W] */
function projectionGraph(source: MemorySource, projection: Pick<Memory, "projection" | "channels">): Graph {
  const { g, features } = featuresGraph(source, "projection");
  const vectors = memoryVectors(g, features, projection);
  g.output(g.node("Identity", [vectors], vectors.shape, { name: "vectors" }));
  return g;
}

/** features -> distance, others [N]: the maximum of the smoothed map, with and without the nearest picture. */
function distanceGraph(source: MemorySource, memory: Memory): Graph {
  const { g, features } = featuresGraph(source, "distance");
  const { distance, others } = memoryDistance(g, memoryVectors(g, features, memory), memory);
  for (const [score, map] of [
    ["distance", distance],
    ["others", others],
  ] as const) {
    const full = smoothedSum(g, [{ map, weight: 1 }], source.size);
    g.output(scored(g, full, { map: `${score}_map`, score }).score);
  }
  return g;
}

/** Runs a graph over the teacher's deepest features of pictures, and hands on each run's outputs. */
async function overBatches(
  { features, scale, size, threads }: MemorySource,
  indices: readonly number[],
  graph: Graph,
  take: (part: readonly number[], outputs: Readonly<Record<string, Float32Array>>) => void,
): Promise<void> {
  const session = await openSession(encodeModel(graph), { threads });
  const shape = [scale.channels, size.height / scale.stride, size.width / scale.stride];
  try {
    for (let from = 0; from < indices.length; from += BATCH) {
      const part = indices.slice(from, from + BATCH);
      const { f3 } = await features.batch(part);
      const outputs = await session.run({ features: floats(floatsOf(f3), [part.length, ...shape]) });
      take(part, Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, floatsOf(tensor)])));
    }
  } finally {
    await session.close();
  }
}

async function secondMoment(source: MemorySource, indices: readonly number[]): Promise<Float64Array> {
  const moment = new Float64Array(source.scale.channels ** 2);
  let done = 0;
  await overBatches(source, indices, momentGraph(source), (part, outputs) => {
    done += part.length;
    source.onDone?.(done);
    outputs.moment!.forEach((value, at) => {
      moment[at]! += value;
    });
  });
  return moment;
}

/**
 * An orthonormal basis of the space that a symmetric matrix's leading eigenvectors span, by subspace iteration.
 * @param matrix row-major [size, size]
 * @returns float32 [count, size]
 */
export function leadingVectors(matrix: Float64Array, size: number, count: number): Float32Array {
  const random = createRandom(1);
  let basis: readonly Float64Array[] = Array.from({ length: count }, () =>
    Float64Array.from({ length: size }, () => random.normal()),
  );
  for (let round = 0; round < ROUNDS; round += 1) {
    basis = orthonormal(
      basis.map((vector) => times(matrix, vector)),
      random.normal,
    );
  }
  return Float32Array.from(basis.flatMap((vector) => [...vector]));
}

function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  return vector.map((_, row) => {
    const from = row * vector.length;
    let sum = 0;
    for (let column = 0; column < vector.length; column += 1) sum += matrix[from + column]! * vector[column]!;
    return sum;
  });
}

/** Gram and Schmidt's, twice for each vector. One that depends on those before it is replaced by chance, for a matrix of low rank. */
function orthonormal(vectors: readonly Float64Array[], chance: () => number): Float64Array[] {
  const done: Float64Array[] = [];
  for (const vector of vectors) {
    let rest = vector;
    for (let tries = 0; ; tries += 1) {
      const before = norm(rest);
      for (const each of [...done, ...done]) rest = without(rest, each);
      if (norm(rest) > 1e-9 * before || tries > 3) break;
      rest = rest.map(() => chance());
    }
    const length = norm(rest);
    done.push(rest.map((value) => value / length));
  }
  return done;
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0);
const norm = (vector: Float64Array): number => Math.sqrt(dot(vector, vector));

function without(vector: Float64Array, unit: Float64Array): Float64Array {
  const share = dot(vector, unit);
  return vector.map((value, at) => value - share * unit[at]!);
}

/** As many of the pictures as may be stored: all, or each the farthest from those chosen before it. */
function spreadOut(
  indices: readonly number[],
  vectors: ReadonlyMap<number, Float32Array>,
  count: number,
): readonly number[] {
  if (count >= indices.length) return indices;
  const chosen: number[] = [];
  const nearest = new Map(indices.map((index) => [index, Number.POSITIVE_INFINITY]));
  let next = indices[0]!;
  while (chosen.length < count) {
    chosen.push(next);
    nearest.delete(next);
    const last = vectors.get(next)!;
    let farthest = -1;
    for (const [index, before] of nearest) {
      const distance = Math.min(before, squaredDistance(vectors.get(index)!, last));
      nearest.set(index, distance);
      if (distance > farthest) [farthest, next] = [distance, index];
    }
  }
  return chosen.sort((a, b) => a - b);
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += (a[at]! - b[at]!) ** 2;
  return sum;
}

/** @param pictures [D, H, W] each */
function memoryOf(
  projection: Float32Array,
  pictures: readonly Float32Array[],
  [, , rows, columns]: readonly [string, number, number, number],
): Memory {
  const places = rows * columns;
  const channels = pictures[0]!.length / places;
  const vectors = new Float32Array(pictures.length * pictures[0]!.length);
  pictures.forEach((picture, column) => {
    for (let channel = 0; channel < channels; channel += 1) {
      for (let place = 0; place < places; place += 1) {
        vectors[(place * channels + channel) * pictures.length + column] = picture[channel * places + place]!;
      }
    }
  });
  return { pictures: pictures.length, channels, rows, columns, projection, vectors };
}
