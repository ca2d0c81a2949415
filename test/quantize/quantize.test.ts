import { existsSync } from "node:fs";
import { stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { type Bundle, readBundle, writeBundle } from "../../models/bundle/bundle.js";
import { openScorer } from "../../models/evaluate/scorer.js";
import { Graph } from "../../models/graph/graph.js";
import { conv, reduceMax, reduceMean, relu } from "../../models/graph/ops.js";
import { imageInput } from "../../models/network/rd.js";
import { readModel } from "../../models/onnx/checked-model.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { takeApart } from "../../models/onnx/parts.js";
import { readRgb } from "../../models/pictures/images.js";
import { doubtsAbout } from "../../models/quantize/doubts.js";
import { quantizeBundle } from "../../models/quantize/quantize.js";
import { createRandom } from "../../models/random.js";
import { temporaryFolder } from "../support/config.js";
import { writeSmallBundle } from "../support/small-bundle.js";
import { writeGoodPictures } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("quantize");

async function material() {
  const dir = temporaryFolder();
  return {
    dir,
    float: await writeSmallBundle(dir),
    calibration: await writeGoodPictures(dir, 5),
    out: join(dir, "int8"),
  };
}

test("a bundle in whole numbers is a third of the size, judges as the float one does and says what it is", async () => {
  const { float, calibration, out } = await material();
  const result = await quantizeBundle({ bundle: float.dir, calibration, out, threads: 1 });
  const bundle = await readBundle(out);
  assert.is(bundle.manifest.precision, "int8");
  assert.is(bundle.manifest.lowered?.from, float.manifest.sha256);
  assert.equal(result.precision.float, []);
  assert.ok(result.precision.mapError < 0.1, String(result.precision.mapError));
  assert.is(result.precision.threshold.same, 5);
  assert.is(result.lost, null);
  const [before, after] = await Promise.all([float, bundle].map(({ modelPath }) => stat(modelPath)));
  assert.ok(after!.size < before!.size / 2, `${after!.size} of ${before!.size} bytes`);
  const picture = await readRgb(join(calibration, "00.png"), float.manifest.input);
  const scores: number[] = [];
  for (const each of [float, bundle]) {
    const scorer = await openScorer(each, 1);
    scores.push((await scorer.score(picture)).score);
    await scorer.close();
  }
  assert.ok(Math.abs(scores[0]! + result.precision.threshold.shift - scores[1]!) < 0.1, scores.join(" and "));
});

test("every convolution of it runs on whole numbers in ONNX Runtime, and is not computed in float32 after all", async () => {
  const { float, calibration, out } = await material();
  const { precision, operators } = await quantizeBundle({ bundle: float.dir, calibration, out, threads: 1 });
  assert.is(operators.QLinearConv, precision.layers);
  for (const name of ["Conv", "FusedConv", "ConvTranspose"]) assert.is(operators[name], undefined, name);
  // One sum stays: what it yields is compared, and goes into no further layer.
  assert.ok(operators.QLinearAdd! >= 8);
});

test("layers that hurt stay float32, as few as keep the map's error within the bound, and their names are told", async () => {
  const { float, calibration, out } = await material();
  const whole = await quantizeBundle({ bundle: float.dir, calibration, out, threads: 1 });
  const mapError = whole.precision.mapError / 2;
  const careful = await quantizeBundle({ bundle: float.dir, calibration, out, threads: 1, mapError });
  const { precision } = careful;
  assert.ok(precision.mapError <= mapError);
  assert.ok(precision.float.length > 0 && precision.float.length < precision.layers, precision.float.join(" "));
  const { modelPath, manifest } = await readBundle(out);
  const { nodes } = takeApart(await readModel(modelPath, manifest));
  const weights = nodes.flatMap(({ opType = "", input = [] }) => (opType.startsWith("Conv") ? [input[1] ?? ""] : []));
  for (const name of precision.float) assert.ok(weights.includes(`${name}.weight`), name);
});

test("a bundle in float16 is half the size and judges as the float one does, on a CPU too; each value is cast once", async () => {
  const { float, calibration, out } = await material();
  const result = await quantizeBundle({ bundle: float.dir, calibration, out, threads: 1, precision: "fp16" });
  const { manifest, modelPath } = await readBundle(out);
  assert.is(manifest.precision, "fp16");
  assert.equal(Object.keys(result.fps), ["float", "fp16"]);
  assert.ok(result.precision.mapError < 0.005, String(result.precision.mapError));
  const [before, after] = await Promise.all([float.modelPath, modelPath].map((path) => stat(path)));
  assert.ok(after!.size < 0.6 * before!.size, `${after!.size} of ${before!.size} bytes`);
  const { nodes, constants } = takeApart(await readModel(modelPath, manifest));
  const casts = nodes.filter(({ opType }) => opType === "Cast").map(({ input = [] }) => input[0]);
  assert.is(new Set(casts).size, casts.length);
  // The picture to numbers, those to float16, and back: three maps of the teacher, three of the student.
  assert.is(casts.length, 2 + 6);
  for (const { opType = "", input = [] } of nodes) {
    if (opType.startsWith("Conv")) assert.is(constants.get(input[1] ?? "")?.dataType, 10, input[1]);
  }
});

test("a bundle in whole numbers is not quantised again", async () => {
  const { float, calibration, out, dir } = await material();
  await quantizeBundle({ bundle: float.dir, calibration, out, threads: 1 });
  const refusal = await quantizeBundle({ bundle: out, calibration, out: join(dir, "again") }).catch((error) => error);
  assert.instance(refusal, CodedError);
  assert.is(refusal.code, "MODEL_NOT_LOWERED");
});

/** A detector that takes its pictures through the same convolution three times. */
async function writeSharedBundle(dir: string): Promise<Bundle> {
  const g = new Graph("shared");
  const random = createRandom(1);
  const drawn = (shape: readonly number[], scale: number) =>
    g.constant(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => scale * (random.int(200) / 100 - 1)),
      shape,
    );
  const size = { width: 64, height: 64 };
  const same = { stride: 1, padding: 1 };
  let x = relu(g, conv(g, imageInput(g, size), drawn([8, 3, 3, 3], 0.3), drawn([8], 0.3), same));
  const [weight, bias] = [drawn([8, 8, 3, 3], 0.2), drawn([8], 0.1)];
  for (let time = 0; time < 3; time += 1) x = relu(g, conv(g, x, weight, bias, same));
  const map = g.node("Identity", [reduceMean(g, x, [1], false)], ["N", 64, 64], { name: "map" });
  g.output(g.node("Identity", [reduceMax(g, map, [1, 2], false)], ["N"], { name: "score" }));
  g.output(map);
  return writeBundle(join(dir, "shared"), encodeModel(g), {
    ...{ name: "shared", version: "1", arch: "imported", input: size, threshold: 2 },
    ...{ calibration: null, training: null, created: "2026-01-01T00:00:00.000Z" },
  });
}

test("a layer that is gone through several times is in whole numbers each time, with ranges of its own", async () => {
  const { dir, calibration, out } = await material();
  const { dir: bundle } = await writeSharedBundle(dir);
  const { precision, operators } = await quantizeBundle({ bundle, calibration, out, threads: 1 });
  assert.equal([precision.layers, precision.float, operators.QLinearConv], [4, [], 4]);
  assert.ok(precision.mapError < 0.05, String(precision.mapError));
});

test("neither the bundle that is quantised nor a link to it is written over", async () => {
  const { dir, float, calibration } = await material();
  const link = join(dir, "link");
  await symlink(float.dir, link);
  for (const out of [float.dir, `${float.dir}/`, link]) {
    const refusal = await quantizeBundle({ bundle: float.dir, calibration, out }).catch((error) => error);
    assert.instance(refusal, CodedError);
    assert.equal([refusal.code, refusal.at], ["OPTION_INVALID", "out"]);
  }
  assert.is((await readBundle(float.dir)).manifest.sha256, float.manifest.sha256);
});

test("test pictures that are not there are told before the work, and nothing is written", async () => {
  const { dir, float, calibration, out } = await material();
  const phases: string[] = [];
  const onProgress = ({ phase }: { readonly phase: string }) => void phases.push(phase);
  const options = { bundle: float.dir, calibration, out, data: join(dir, "nowhere"), onProgress };
  const refusal = await quantizeBundle(options).catch((error) => error);
  assert.is(refusal.code, "DATA_LAYOUT");
  assert.equal(phases, []);
  assert.not.ok(existsSync(out));
});

test("what a bundle lost, where it is slower and where its scores became noise, is warned of, each with its figure", () => {
  const good = { before: [1, 2, 3, 4], after: [1.1, 2.1, 3.1, 4.1], lost: null, floatFps: 10, lowerFps: 20 };
  const well = { ...good, forCpu: true };
  assert.equal(doubtsAbout(well), []);
  assert.match(
    doubtsAbout({ ...well, lost: { image: 0.03, pixel: null, aupro: 0.002 } })[0],
    /lost 3.0 points of image/,
  );
  assert.match(doubtsAbout({ ...well, after: [3, 1, 4, 2] })[0], /moved by 1.8 .* lay 1.3 apart/);
  assert.match(doubtsAbout({ ...well, lowerFps: 9 })[0], /slower/);
  assert.equal(doubtsAbout({ ...well, lowerFps: 9, forCpu: false }), []);
});

test.run();
