import * as assert from "uvu/assert";
import { Graph } from "../../models/graph/graph.js";
import { joined, scored } from "../../models/network/anomaly-map.js";
import { type Memory, memoryDistance, memoryVectors, NEAREST } from "../../models/network/memory.js";
import { checkedModel } from "../../models/onnx/checked-model.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { floats, floatsOf, openSession } from "../../models/onnx/session.js";
import { createRandom } from "../../models/random.js";
import type { FeatureSource } from "../../models/training/features.js";
import { forget, leadingVectors, remember } from "../../models/training/memory.js";
import { suite } from "../support/suite.js";

const test = suite("the memory of good pictures");
const CHANNELS = 12;

/** Features of pictures, [CHANNELS, rows, columns] each, as a teacher's would be: never negative. */
function drawn(count: number, rows: number, columns: number, seed: number): Float32Array[] {
  const random = createRandom(seed);
  const common = Array.from({ length: CHANNELS * rows * columns }, () => 2 * random.next());
  return Array.from({ length: count }, () =>
    Float32Array.from(common, (value) => Math.max(0, value + 0.4 * random.normal())),
  );
}

function sourceOf(pictures: readonly Float32Array[], rows: number, columns: number) {
  const features: FeatureSource = {
    batch: async (indices) => ({
      f3: floats(Float32Array.from(indices.flatMap((index) => [...pictures[index]!])), [
        indices.length,
        CHANNELS,
        rows,
        columns,
      ]),
    }),
    close: async () => {},
  };
  const size = { width: 16 * columns, height: 16 * rows };
  return { features, scale: { channels: CHANNELS, stride: 16 }, size, threads: 1 };
}

/** The definition, word for word: per place 1 - the largest similarity to each picture within a place around, the mean of the three smallest. */
function defined(picture: Float32Array, { projection, channels, rows, columns, pictures, vectors }: Memory): number[] {
  const places = rows * columns;
  const projected = (place: number): number[] => {
    const raw = Array.from({ length: channels }, (_, d) =>
      Array.from({ length: CHANNELS }, (_, c) => projection[d * CHANNELS + c]! * picture[c * places + place]!).reduce(
        (a, b) => a + b,
      ),
    );
    const length = Math.hypot(...raw);
    return raw.map((value) => value / length);
  };
  return Array.from({ length: places }, (_, place) => {
    const f = projected(place);
    const [row, column] = [Math.floor(place / columns), place % columns];
    const distances = Array.from({ length: pictures }, (_, j) => {
      let best = Number.POSITIVE_INFINITY;
      for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y += 1) {
        for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x += 1) {
          const at = y * columns + x;
          const similar = f.reduce((sum, value, d) => sum + value * vectors[(at * channels + d) * pictures + j]!, 0);
          best = Math.min(best, 1 - similar);
        }
      }
      return best;
    });
    const nearest = distances.sort((a, b) => a - b).slice(0, NEAREST);
    return nearest.reduce((a, b) => a + b) / nearest.length;
  });
}

for (const [rows, columns, count] of [
  [4, 4, 6],
  [3, 5, 9],
  [5, 2, 2],
  [1, 3, 4],
] as const) {
  test(`${rows} x ${columns} places, ${count} pictures: the graph gives the definition, for batches too, and is let through the check`, async () => {
    const pictures = drawn(count + 2, rows, columns, 7);
    const source = sourceOf(pictures, rows, columns);
    const { memory } = await remember(source, [...Array(count).keys()], 256);
    const g = new Graph("memory");
    const features = g.input("features", "float32", ["N", CHANNELS, rows, columns]);
    const { distance, others } = memoryDistance(g, memoryVectors(g, features, memory), memory);
    for (const [name, value] of [
      ["distance", distance],
      ["others", others],
    ] as const) {
      g.output(g.node("Identity", [value], value.shape, { name }));
    }
    const session = await openSession(encodeModel(g), { threads: 1 });
    const asked = [count, count + 1, 0];
    const outputs = await session.run({ features: (await source.features.batch(asked)).f3! });
    await session.close();
    const expected = asked.flatMap((index) => defined(pictures[index]!, memory));
    assert.equal(outputs.distance?.dims, [3, rows, columns]);
    floatsOf(outputs.distance).forEach((value, at) => {
      assert.ok(Math.abs(value - expected[at]!) < 1e-5, `place ${at}: ${value}, expected ${expected[at]}`);
    });
    if (count > NEAREST) {
      const rest = forget({ memory, stored: [...Array(count).keys()], distances: new Map() }, new Set([0])).memory;
      const alone = defined(pictures[0]!, rest);
      const own = floatsOf(outputs.others).slice(2 * rows * columns);
      own.forEach((value, at) => {
        assert.ok(
          Math.abs(value - alone[at]!) < 1e-5,
          `a stored picture against the others, place ${at}: ${value}, expected ${alone[at]}`,
        );
      });
    }
  });
}

test("of more pictures than may be stored those are kept that differ most, and every distance is known", async () => {
  const pictures = drawn(12, 4, 4, 3);
  // Ten that are all but the same, and two that are not.
  for (let index = 1; index < 10; index += 1) pictures[index] = pictures[0]!.map((value) => value * (1 + 1e-4 * index));
  const { stored, distances, memory } = await remember(sourceOf(pictures, 4, 4), [...pictures.keys()], 4);
  assert.is(memory.pictures, 4);
  for (const index of [0, 10, 11]) assert.ok(stored.includes(index), `${index} of ${stored.join()}`);
  assert.is(distances.size, 12);
  assert.ok(distances.get(10)! > 2 * distances.get(5)!);
});

test("the projection is onto the leading eigenvectors", () => {
  const random = createRandom(4);
  const size = 8;
  const axes = leadingVectors(
    Float64Array.from({ length: size * size }, () => random.normal()),
    size,
    size,
  );
  const axis = (at: number) => axes.subarray(at * size, (at + 1) * size);
  const values = [9, 5, 4, 1, 0.5, 0.2, 0.1, 0];
  const matrix = Float64Array.from({ length: size * size }, (_, at) =>
    values.reduce((sum, value, k) => sum + value * axis(k)[Math.floor(at / size)]! * axis(k)[at % size]!, 0),
  );
  const found = leadingVectors(matrix, size, 3);
  for (let k = 0; k < 3; k += 1) {
    const shares = [0, 1, 2].map(
      (at) => axis(k).reduce((sum, value, c) => sum + value * found[at * size + c]!, 0) ** 2,
    );
    assert.ok(Math.abs(shares.reduce((a, b) => a + b) - 1) < 1e-4, `axis ${k}: ${shares.join()}`);
  }
});

test("student and memory together: as strange as their sum says, where the student sees most of it; where it sees nothing, where the memory does", async () => {
  const g = new Graph("joined");
  const [student, memory] = [g.input("student", "float32", ["N", 2, 2]), g.input("memory", "float32", ["N", 2, 2])];
  const { score, map } = scored(g, joined(g, student, memory));
  g.output(score);
  g.output(map);
  const session = await openSession(encodeModel(g), { threads: 1 });
  const outputs = await session.run({
    student: floats(Float32Array.of(0.1, 0.4, 0.2, 0.1, 0, 0, 0, 0, 0, 0, 0, 0), [3, 2, 2]),
    memory: floats(Float32Array.of(0.6, 0.5, 0.1, 0.1, 0.2, 0.8, 0.4, 0.2, 0, 0, 0, 0), [3, 2, 2]),
  });
  await session.close();
  const [scores, maps] = [floatsOf(outputs.score), floatsOf(outputs.map)];
  const near = (got: ArrayLike<number>, wanted: readonly number[]) =>
    wanted.forEach((value, at) => void assert.ok(Math.abs(got[at]! - value) < 1e-5, `${at}: ${got[at]}`));
  near(scores, [0.9, 0.8, 0]);
  near(maps, [0.175, 0.9, 0.15, 0.05, 0.2, 0.8, 0.4, 0.2, 0, 0, 0, 0]);
});

test("a model with a memory passes the check of models", async () => {
  const pictures = drawn(5, 2, 2, 1);
  const { memory } = await remember(sourceOf(pictures, 2, 2), [0, 1, 2, 3, 4], 256);
  const g = new Graph("memory");
  const image = g.input("image", "uint8", ["N", 2, 2, 3]);
  const cast = g.node("Cast", [image], image.shape, { type: "float32", attributes: { to: 1 } });
  const wide = g.node("Concat", [cast, cast, cast, cast], ["N", 2, 2, CHANNELS], { attributes: { axis: 3 } });
  const features = g.node("Transpose", [wide], ["N", CHANNELS, 2, 2], { attributes: { perm: [0, 3, 1, 2] } });
  const { distance } = memoryDistance(g, memoryVectors(g, features, memory), memory);
  g.output(g.node("Identity", [distance], distance.shape, { name: "map" }));
  g.output(g.node("ReduceMax", [distance], ["N"], { name: "score", attributes: { axes: [1, 2], keepdims: 0 } }));
  assert.ok(checkedModel(encodeModel(g), { width: 2, height: 2 }, "model.onnx").length > 0);
});

test.run();
