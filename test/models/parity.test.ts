import { readFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import * as assert from "uvu/assert";
import { backboneOf } from "../../models/network/backbones/index.js";
import { studentParameters, teacherParameters } from "../../models/network/parameters.js";
import { inferenceGraph } from "../../models/network/rd.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { floatsOf, openSession, Tensor } from "../../models/onnx/session.js";
import { formulaPicture, formulaWeights } from "../support/formula.js";
import { suite } from "../support/suite.js";

/**
 * Outputs in PyTorch (eval mode) for formula weights and the formula picture: of the official RD4AD code for ResNet-18; for Wide
 * ResNet-50-2 of the same modules written down again, which give ResNet-18's official map to the last digit.
 */
interface Feature {
  readonly shape: readonly number[];
  readonly mean: number;
  readonly std: number;
  readonly first: readonly number[];
  readonly last: readonly number[];
}
interface Reference {
  readonly arch: string;
  readonly size: number;
  readonly imageCrc32: number;
  readonly map: { readonly score: number; readonly mean: number; readonly step: number; readonly values: number[][] };
  readonly teacher: readonly Feature[];
  readonly bottleneck: Feature;
  readonly student: readonly Feature[];
}

const FEATURE_TOLERANCE = 1e-3; // relative
const MAP_TOLERANCE = 1e-3; // absolute

const test = suite("parity with RD4AD");

for (const name of ["resnet18-256", "wide_resnet50_2-128"]) {
  test(`${name}: features, embedding, map and score are RD4AD's`, () => holds(name));
}

async function holds(name: string): Promise<void> {
  const fixture = new URL(`../../../test/fixtures/${name}.json`, import.meta.url);
  const reference = JSON.parse(await readFile(fixture, "utf8")) as Reference;
  const { size } = reference;
  const picture = formulaPicture(size);
  assert.is(crc32(picture), reference.imageCrc32);

  const backbone = backboneOf(reference.arch);
  const weights = {
    teacher: formulaWeights(teacherParameters(backbone), "teacher."),
    student: formulaWeights(studentParameters(backbone), ""),
  };
  const session = await openSession(
    encodeModel(inferenceGraph(backbone, weights, { width: size, height: size }, { inner: true })),
  );
  const outputs = await session.run({ image: new Tensor("uint8", picture, [1, size, size, 3]) });
  await session.close();

  const expected: Record<string, Feature> = { bottleneck: reference.bottleneck };
  reference.teacher.forEach((feature, index) => void (expected[`teacher${index + 1}`] = feature));
  reference.student.forEach((feature, index) => void (expected[`student${index + 1}`] = feature));
  for (const [name, feature] of Object.entries(expected)) {
    assert.equal(outputs[name]?.dims, feature.shape, `${name}: shape`);
    const values = floatsOf(outputs[name]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    near(mean, feature.mean, Math.abs(feature.mean) * FEATURE_TOLERANCE, `${name}: mean`);
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    near(Math.sqrt(variance), feature.std, feature.std * FEATURE_TOLERANCE, `${name}: deviation`);
    const edges = [...values.slice(0, 4), ...values.slice(-4)];
    for (const [index, value] of [...feature.first, ...feature.last].entries()) {
      near(edges[index]!, value, Math.max(Math.abs(value), feature.std) * FEATURE_TOLERANCE, `${name}: value ${index}`);
    }
  }

  const map = floatsOf(outputs.map);
  near(floatsOf(outputs.score)[0]!, reference.map.score, MAP_TOLERANCE, "score");
  near(map.reduce((sum, value) => sum + value, 0) / map.length, reference.map.mean, MAP_TOLERANCE, "map: mean");
  const { step } = reference.map;
  for (const [y, row] of reference.map.values.entries()) {
    for (const [x, value] of row.entries()) {
      near(map[y * step * size + x * step]!, value, MAP_TOLERANCE, `map (${x}, ${y})`);
    }
  }
}

function near(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual}, expected ${expected} within ${tolerance}`);
}

test.run();
