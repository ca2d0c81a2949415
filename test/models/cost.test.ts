import { rm } from "node:fs/promises";
import * as assert from "uvu/assert";
import { modelChecks } from "../../agent/doctor/models.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { bundleCost, costText } from "../../models/bundle/speed.js";
import { depthwise } from "../../models/graph/depthwise.js";
import { Graph } from "../../models/graph/graph.js";
import { cast, conv, convTranspose, matMul, product, reshape, transpose } from "../../models/graph/ops.js";
import { networkCost } from "../../models/onnx/cost.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { configOf } from "../support/config.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

const test = suite("what a network costs");
const SIZE = { width: 12, height: 8 };

test("multiplications of each kind of product are counted twice, as by hand", async () => {
  const g = new Graph("products");
  const planes = transpose(g, cast(g, g.input("image", "uint8", ["N", 8, 12, 3]), "float32"), [0, 3, 1, 2]);
  const weight = (...shape: number[]) => g.constant(new Float32Array(shape.reduce((a, b) => a * b)), shape);
  const strided = conv(g, planes, weight(6, 3, 3, 3), weight(6), { stride: 2, padding: 1 });
  const grouped = depthwise(g, strided, { weight: weight(6, 1, 7, 7), bias: weight(6), isMirrored: false });
  const enlarged = convTranspose(g, grouped, weight(6, 4, 2, 2), null, { stride: 2, padding: 0 });
  const rows = reshape(g, enlarged, ["N", 32, 12]);
  const times = matMul(g, rows, weight(12, 5));
  const score = product(g, times, times, { transA: true });
  g.output(g.node("Identity", [score], score.shape, { name: "score" }));
  const [halved, whole] = [4 * 6, 8 * 12];
  const byHand = halved * 6 * 27 + halved * 6 * 49 + halved * 6 * 4 * 4 + 32 * 12 * 5 + 5 * 5 * 32;
  const { parameters, gflop } = await networkCost(encodeModel(g), SIZE);
  assert.is(Math.round(gflop! * 1e9), 2 * byHand, `${whole} places`);
  assert.is(parameters, 6 * 27 + 6 + 6 * 49 + 6 + 6 * 4 * 4 + 12 * 5);
});

test("beside an operator that is not looked into, no number is given for the whole", async () => {
  const g = new Graph("opaque");
  const image = g.input("image", "uint8", ["N", 8, 12, 3]);
  g.output(g.node("Einsum", [image], image.shape, { attributes: { equation: "nhwc->nchw" } }));
  assert.equal(await networkCost(encodeModel(g), SIZE), { parameters: 0, gflop: null });
});

test("a bundle records what it costs; one that has no record yet is counted; its speed is measured", async () => {
  const dir = await writeTinyBundle();
  try {
    const recorded = await bundleCost(await readBundle(dir), 1);
    assert.equal((await readBundle(dir)).manifest.cost, { parameters: recorded.parameters, gflop: 0 });
    const { cost, ...older } = (await readBundle(dir)).manifest;
    assert.ok(cost);
    const counted = await bundleCost({ ...(await readBundle(dir)), manifest: older }, 1);
    assert.is(counted.parameters, cost.parameters);
    assert.ok(counted.framesPerSecond > 1 && counted.bytes > 100);
    assert.match(costText(counted), /^0\.0 million parameters, 0\S* GFLOP a picture, 0\.0 MB, about \S+ frames\/s$/);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("doctor says what each model costs on the provider that runs it", async () => {
  const path = await writeTinyBundle();
  try {
    const [check] = await modelChecks(configOf([], { models: { tiny: { path } } }));
    assert.equal([check?.level, check?.code], ["ok", "MODEL_OK"]);
    assert.ok(check!.cost!.framesPerSecond > 1);
    assert.match(check!.message, /GFLOP a picture/);
  } finally {
    await rm(path, { recursive: true });
  }
});

test.run();
