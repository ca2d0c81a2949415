import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { smoothedResize } from "../../models/network/anomaly-map.js";
import { backboneOf } from "../../models/network/backbones/index.js";
import { loadTeacher } from "../../models/network/load.js";
import { studentParameters, teacherParameters } from "../../models/network/parameters.js";
import { RECIPE } from "../../models/training/recipe.js";
import { adamScalars } from "../../models/training/step.js";
import { encodeSafetensors, metadataOf, parseSafetensors, readSafetensors } from "../../models/weights/safetensors.js";
import type { Weights } from "../../models/weights/weights.js";
import { writeSmallTeacher } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("weights");
let dir = "";
test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), "retort-weights-"));
});
test.after(() => rm(dir, { recursive: true, force: true }));

async function refusal(work: Promise<unknown>): Promise<CodedError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

const sample: Weights = new Map([
  ["a.weight", { shape: [2, 3], data: Float32Array.of(1, -2, 0.5, 0, 65504, 6.1e-5) }],
  ["b", { shape: [], data: Float32Array.of(3) }],
]);

test("safetensors come back as they went, float16 within its precision", () => {
  const bytes = encodeSafetensors(sample, { metadata: { note: "größer" } });
  assert.equal(parseSafetensors(bytes), sample);
  assert.equal(metadataOf(bytes), { note: "größer" });
  const halves = parseSafetensors(encodeSafetensors(sample, { half: true })).get("a.weight")!;
  sample.get("a.weight")!.data.forEach((value, index) => {
    assert.ok(Math.abs(halves.data[index]! - value) <= Math.abs(value) * 2 ** -10 + 2 ** -24, `${value}`);
  });
});

test("damaged files are refused with their path", async () => {
  const whole = encodeSafetensors(sample);
  const damaged: Record<string, Uint8Array> = {
    empty: new Uint8Array(0),
    cut: whole.subarray(0, whole.length - 3),
    head: whole.subarray(0, 20),
    enormous: Uint8Array.from(whole, (byte, index) => (index === 6 ? 255 : byte)),
    text: new TextEncoder().encode("this is no tensor file at all"),
  };
  for (const [name, bytes] of Object.entries(damaged)) {
    const path = join(dir, `${name}.safetensors`);
    await writeFile(path, bytes);
    const error = await refusal(readSafetensors(path));
    assert.is(error.code, "WEIGHTS_UNREADABLE", name);
    assert.is(error.at, path);
  }
});

test("a file that is not there is said to be so, whatever its name ends with", async () => {
  for (const name of ["nope", "nope.safetensors", "nope.pth"]) {
    const error = await refusal(loadTeacher(join(dir, name), "resnet18"));
    assert.is(error.code, "WEIGHTS_UNREADABLE", name);
    assert.match(error.message, "no such file");
  }
  const path = join(dir, "there.h5");
  await writeFile(path, "");
  assert.is((await refusal(loadTeacher(path, "resnet18"))).code, "WEIGHTS_FORMAT");
});

test("a tensor missing, extra or misshapen is named", async () => {
  const weights = new Map(await readSafetensors(await writeSmallTeacher(dir)));
  const write = async (name: string, changed: Weights) => {
    const path = join(dir, `${name}.safetensors`);
    await writeFile(path, encodeSafetensors(changed));
    return (await refusal(loadTeacher(path, "resnet18"))).message;
  };
  const without = new Map(weights);
  without.delete("layer2.0.bn1.running_var");
  assert.match(await write("without", without), "layer2.0.bn1.running_var");
  const extra = new Map(weights).set("layer9.weight", { shape: [1], data: new Float32Array(1) });
  assert.match(await write("extra", extra), "layer9.weight");
  const misshapen = new Map(weights).set("layer1.1.conv2.weight", { shape: [8, 8, 1, 1], data: new Float32Array(64) });
  assert.match(await write("misshapen", misshapen), "layer1.1.conv2.weight");
});

test("the classifier's own layers take no part", async () => {
  const weights = new Map(await readSafetensors(await writeSmallTeacher(dir)));
  weights.set("fc.weight", { shape: [2, 2], data: new Float32Array(4) });
  weights.set("layer4.0.conv1.weight", { shape: [1], data: new Float32Array(1) });
  const path = join(dir, "classifier.safetensors");
  await writeFile(path, encodeSafetensors(weights));
  assert.is((await loadTeacher(path, "resnet18")).backbone.scales[0].channels, 8);
});

test("the tensors of every architecture are those of torchvision and RD4AD", () => {
  const shapeOf = (arch: string, name: string) =>
    [...teacherParameters(backboneOf(arch)), ...studentParameters(backboneOf(arch))].find((each) => each.name === name)
      ?.shape;
  assert.equal(shapeOf("wide_resnet50_2", "layer3.5.conv2.weight"), [512, 512, 3, 3]);
  assert.equal(shapeOf("wide_resnet50_2", "bn.bn_layer.0.downsample.0.weight"), [2048, 3072, 1, 1]);
  assert.equal(shapeOf("wide_resnet50_2", "bn.bn_layer.0.conv2.weight"), [1024, 1024, 3, 3]);
  assert.equal(shapeOf("wide_resnet50_2", "decoder.layer1.0.conv2.weight"), [512, 512, 2, 2]);
  assert.equal(shapeOf("wide_resnet50_2", "decoder.layer1.0.upsample.0.weight"), [2048, 1024, 2, 2]);
  assert.equal(shapeOf("resnet18", "decoder.layer3.0.conv1.weight"), [128, 64, 2, 2]);
});

test("resize and smoothing keep a constant map constant, and align the corners", () => {
  const rows = smoothedResize(64, 256);
  for (let row = 0; row < 256; row += 1) {
    const sum = rows.subarray(row * 64, (row + 1) * 64).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 1) < 1e-5, `row ${row} sums to ${sum}`);
  }
  // Mirrored: the first row is the last one turned round.
  for (let column = 0; column < 64; column += 1) {
    assert.ok(Math.abs(rows[column]! - rows[255 * 64 + 63 - column]!) < 1e-6);
  }
});

test("Adam's scalars make the textbook step", () => {
  // Kingma & Ba, algorithm 1, one parameter with three gradients, against the graph's own arrangement.
  const { rate, beta1, beta2, epsilon } = RECIPE.adam;
  let [m, v, p] = [0, 0, 1];
  let [sumM, sumV, q] = [0, 0, 1];
  [0.3, -0.2, 0.05].forEach((gradient, index) => {
    const step = index + 1;
    m = beta1 * m + (1 - beta1) * gradient;
    v = beta2 * v + (1 - beta2) * gradient ** 2;
    p -= (rate * (m / (1 - beta1 ** step))) / (Math.sqrt(v / (1 - beta2 ** step)) + epsilon);
    const scalars = adamScalars(step);
    sumM = beta1 * sumM + gradient;
    sumV = beta2 * sumV + gradient ** 2;
    q -= (scalars.rate * sumM) / (Math.sqrt(sumV) + scalars.epsilon);
    assert.ok(Math.abs(p - q) < 1e-12, `step ${step}: ${p} and ${q}`);
  });
});

test.run();
