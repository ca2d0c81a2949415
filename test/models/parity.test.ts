import { readFile } from "node:fs/promises";
import { crc32 } from "node:zlib";
import * as assert from "uvu/assert";
import { backboneOf } from "../../models/network/backbones/index.js";
import { studentParameters, teacherParameters } from "../../models/network/parameters.js";
import { inferenceGraph } from "../../models/network/rd.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { floatsOf, openSession, Tensor } from "../../models/onnx/session.js";
import { assertFeature, assertNear, type Feature } from "../support/features.js";
import { formulaPicture, formulaWeights } from "../support/formula.js";
import { suite } from "../support/suite.js";

/**
 * Outputs in PyTorch (eval mode) for formula weights and the formula picture: of the official RD4AD code for ResNet-18; for Wide
 * ResNet-50-2 of the same modules written down again, which give ResNet-18's official map to the last digit.
 */
interface Reference {
  readonly arch: string;
  readonly size: number;
  readonly imageCrc32: number;
  readonly map: { readonly score: number; readonly mean: number; readonly step: number; readonly values: number[][] };
  readonly teacher: readonly Feature[];
  readonly bottleneck: Feature;
  readonly student: readonly Feature[];
}

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
    assertFeature(outputs[name], feature, name);
  }

  const map = floatsOf(outputs.map);
  assertNear(floatsOf(outputs.score)[0]!, reference.map.score, MAP_TOLERANCE, "score");
  assertNear(map.reduce((sum, value) => sum + value, 0) / map.length, reference.map.mean, MAP_TOLERANCE, "map: mean");
  const { step } = reference.map;
  for (const [y, row] of reference.map.values.entries()) {
    for (const [x, value] of row.entries()) {
      assertNear(map[y * step * size + x * step]!, value, MAP_TOLERANCE, `map (${x}, ${y})`);
    }
  }
}

test.run();
