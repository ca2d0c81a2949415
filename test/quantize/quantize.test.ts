import { stat } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { openScorer } from "../../models/evaluate/scorer.js";
import { readModel } from "../../models/onnx/checked-model.js";
import { takeApart } from "../../models/onnx/parts.js";
import { readRgb } from "../../models/pictures/images.js";
import { quantizeBundle } from "../../models/quantize/quantize.js";
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

test.run();
