import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { runProgram } from "../../agent/cli/program.js";
import { CodedError } from "../../errors.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { openScorer } from "../../models/evaluate/scorer.js";
import { fixed, Graph, type Value } from "../../models/graph/graph.js";
import { add, div, mul, reduceMax, reduceMean, reshape, sub, transpose } from "../../models/graph/ops.js";
import { type ImportOptions, importBundle } from "../../models/import/import.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { ModelProto } from "../../models/onnx/schema.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("importing models of others");

interface Foreign {
  readonly batch?: number | string;
  readonly side?: number | string;
  readonly normalises?: boolean;
  readonly label?: boolean;
  readonly names?: { readonly map: string; readonly score: string };
  readonly layout?: "NCHW" | "NHWC";
  /** What the score is multiplied by. */
  readonly scoreScale?: number;
  /** One picture's shape is written into the graph. */
  readonly baked?: boolean;
}

/** In the shape of an anomalib export: how far each pixel's red is from grey, and the most of it. */
function foreign({ batch = "batch", side = 32, normalises = true, label = true, ...rest }: Foreign = {}): Uint8Array {
  const { names = { map: "anomaly_map", score: "pred_score" }, layout = "NCHW", baked = false, scoreScale = 1 } = rest;
  const g = new Graph("foreign");
  const shape = layout === "NCHW" ? [batch, 3, side, side] : [batch, side, side, 3];
  const input = g.input("input", "float32", shape);
  const planes = layout === "NCHW" ? input : transpose(g, input, [0, 3, 1, 2]);
  const constant = (...values: number[]): Value => g.constant(Float32Array.from(values), [1, 3, 1, 1]);
  const normed = normalises ? div(g, sub(g, planes, constant(0.5, 0.25, 0)), constant(0.5, 0.5, 1)) : planes;
  const attributes = { kernel_shape: [1, 1] };
  const red = g.node("Conv", [normed, g.constant(Float32Array.of(1, 0, 0), [1, 3, 1, 1])], [batch, 1, side, side], {
    attributes,
  });
  const shaped = baked ? reshape(g, red, [1, 1, fixed(side), fixed(side)]) : red;
  const map = g.node("Identity", [shaped], [batch, 1, side, side], { name: names.map });
  const highest = reduceMax(g, map, [1, 2, 3], false);
  const scaled = scoreScale === 1 ? highest : mul(g, highest, g.scalar(scoreScale));
  const score = g.node("Identity", [scaled], [batch], { name: names.score });
  g.output(score);
  g.output(map);
  if (label) g.output(g.node("Greater", [score, g.scalar(0.5)], [batch], { name: "pred_label", type: "bool" }));
  return encodeModel(g);
}

async function imported(bytes: Uint8Array, options: Partial<ImportOptions> = {}) {
  const dir = temporaryFolder();
  const file = join(dir, "model.onnx");
  await writeFile(file, bytes);
  return importBundle({ file, out: join(dir, "bundle"), ...options });
}

/** A black picture with one red pixel, RGB [height, width, 3]. */
function redDot(
  { width, height }: { readonly width: number; readonly height: number },
  [x, y]: readonly [number, number],
) {
  const pixels = new Uint8Array(width * height * 3);
  pixels[3 * (y * width + x)] = 255;
  return pixels;
}

async function judgedBy(dir: string, dot: readonly [number, number]) {
  const scorer = await openScorer(await readBundle(dir), 1);
  const { width } = scorer.size;
  const { score, map } = await scorer.score(redDot(scorer.size, dot));
  await scorer.close();
  return { score, at: map[dot[1] * width + dot[0]]!, elsewhere: map[0]! };
}

async function refusedOf(bytes: Uint8Array, options: Partial<ImportOptions> = {}): Promise<CodedError> {
  const refusal = await imported(bytes, options).catch((error: unknown) => error);
  assert.instance(refusal, CodedError, String(refusal));
  return refusal as CodedError;
}

test("an export that normalises itself gets shares of white, and its map and score come out by our names and shapes", async () => {
  const { dir, manifest } = await imported(foreign());
  assert.equal(manifest.input, { width: 32, height: 32 });
  assert.is(manifest.threshold, 0.5);
  assert.equal(manifest.imported?.outputs, { map: "anomaly_map", score: "pred_score" });
  // Red is (pixel / 255 - 0.5) / 0.5.
  const { score, at, elsewhere } = await judgedBy(dir, [7, 21]);
  assert.equal([score, at, elsewhere], [1, 1, -1]);
});

test("one that does not normalise gets ImageNet's mean and deviation, unless another range is stated; what was assumed is recorded", async () => {
  const { dir, manifest } = await imported(foreign({ normalises: false }));
  assert.ok(manifest.imported?.assumed.some((each) => each.includes("ImageNet")));
  assert.ok(Math.abs((await judgedBy(dir, [3, 3])).score - (1 - 0.485) / 0.229) < 1e-4);
  const stated = await imported(foreign({ normalises: false }), { inputRange: "0..255", threshold: 200 });
  assert.is((await judgedBy(stated.dir, [3, 3])).score, 255);
  assert.equal(stated.manifest.imported?.assumed, []);
  const twice = await imported(foreign(), { mean: [0.5, 0, 0] });
  assert.ok(twice.manifest.imported?.assumed.some((each) => each.includes("do so itself, too")));
  const own = await imported(foreign({ normalises: false }), { mean: [0.5, 0, 0], deviation: [0.25, 1, 1] });
  assert.is((await judgedBy(own.dir, [3, 3])).score, 2);
});

test("open sizes are settled by --size, and one that the model does not take is refused", async () => {
  const open = foreign({ side: "side" });
  const wide = await imported(open, { size: { width: 48, height: 32 } });
  assert.equal(wide.manifest.input, { width: 48, height: 32 });
  assert.equal(await judgedBy(wide.dir, [47, 31]), { score: 1, at: 1, elsewhere: -1 });
  assert.equal((await imported(open)).manifest.input, { width: 256, height: 256 });
  const refusal = await refusedOf(foreign(), { size: { width: 64, height: 64 } });
  assert.is(refusal.code, "MODEL_IMPORT_REFUSED");
  assert.match(refusal.message, /32 x 32, --size is 64 x 64/);
});

test("a model of one picture at a time becomes a bundle that is given one at a time", async () => {
  const { manifest, dir } = await imported(foreign({ batch: 1, baked: true }));
  assert.is(manifest.input.batch, 1);
  assert.is((await judgedBy(dir, [5, 6])).score, 1);
  // Many an export only says that it is of one.
  assert.is((await imported(foreign({ batch: 1 }))).manifest.input.batch, undefined);
  assert.is((await imported(foreign({ batch: 4 }))).manifest.input.batch, undefined);
});

test("channels may come last", async () => {
  const { dir, manifest } = await imported(foreign({ layout: "NHWC" }));
  assert.is(manifest.imported?.input.layout, "NHWC");
  assert.equal(await judgedBy(dir, [9, 2]), { score: 1, at: 1, elsewhere: -1 });
});

test("a map of another size is resized to the picture's, and a model without a score has its maximum", async () => {
  const g = new Graph("small");
  const input = g.input("x", "float32", ["N", 3, 32, 32]);
  const grey = reduceMean(g, input, [1]);
  const small = g.node("MaxPool", [grey], ["N", 1, 8, 8], { attributes: { kernel_shape: [4, 4], strides: [4, 4] } });
  g.output(g.node("Identity", [add(g, small, g.scalar(0))], small.shape, { name: "out" }));
  const { dir, manifest } = await imported(encodeModel(g), { inputRange: "0..1", threshold: 0.2 });
  assert.equal(manifest.imported?.outputs, { map: "out", score: null });
  const { score, at, elsewhere } = await judgedBy(dir, [14, 14]);
  assert.ok(score > 0.25 && score <= 1 / 3 + 1e-6, String(score));
  assert.ok(at > 0.2 && elsewhere === 0, `${at} ${elsewhere}`);
});

test("names that nobody uses are given, and a threshold that the model does not hold has to be", async () => {
  const odd = foreign({ names: { map: "a", score: "b" }, label: false });
  assert.is((await refusedOf(odd)).code, "OPTION_INVALID");
  const { manifest } = await imported(odd, { mapOutput: "a", scoreOutput: "b", threshold: 0.7 });
  assert.equal([manifest.threshold, manifest.imported?.outputs], [0.7, { map: "a", score: "b" }]);
  const refusal = await refusedOf(odd, { mapOutput: "heat", threshold: 0.7 });
  assert.match(refusal.message, /no output "heat"; its outputs are "b", "a"/);
});

test("hostile and unfit files are refused in words", async () => {
  const changed = (change: (model: ReturnType<typeof ModelProto.toObject>) => void): Uint8Array => {
    const model = ModelProto.toObject(ModelProto.decode(foreign()));
    change(model);
    return ModelProto.encode(model).finish();
  };
  const refused: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["MODEL_UNREADABLE", new TextEncoder().encode("not a model at all"), /not an ONNX model/],
    [
      "MODEL_IMPORT_REFUSED",
      changed(({ graph }) => graph.input.push({ ...graph.input[0], name: "second" })),
      /2 inputs/,
    ],
    [
      "MODEL_IMPORT_REFUSED",
      changed(({ graph }) => (graph.input[0].type.tensorType.elemType = 8)),
      /text, not float32/,
    ],
    [
      "MODEL_IMPORT_REFUSED",
      changed(({ graph }) => graph.input[0].type.tensorType.shape.dim.pop()),
      /not \[N, 3, H, W\]/,
    ],
    [
      "MODEL_IMPORT_REFUSED",
      changed(({ graph }) => (graph.input[0].type.tensorType.shape.dim[2].dimValue = 2 ** 31)),
      /2147483648/,
    ],
    ["MODEL_IMPORT_REFUSED", changed(({ graph }) => (graph.output = [graph.output[0]])), /none of its outputs/],
    ["MODEL_IMPORT_REFUSED", changed(({ graph }) => (graph.node[0].input[0] = "nowhere")), /cannot compute it/],
    ["MODEL_EXTERNAL_DATA", changed(({ graph }) => (graph.initializer[0].dataLocation = 1)), /another file/],
    ["MODEL_TENSOR_INVALID", changed(({ graph }) => (graph.initializer[0].dims = [1 << 30, 1 << 30])), /1073741824/],
    ["MODEL_OPERATOR_REFUSED", changed(({ graph }) => (graph.node[0].domain = "com.evil")), /com.evil.Sub/],
    ["MODEL_OPERATOR_REFUSED", changed(({ graph }) => (graph.node[0].opType = "If")), /If/],
  ];
  for (const [code, bytes, words] of refused) {
    const refusal = await refusedOf(bytes, { threshold: 0.5 });
    assert.is(refusal.code, code, refusal.message);
    assert.match(refusal.message, words);
    assert.match(refusal.at ?? "", /model\.onnx$/);
  }
});

test("scores below 0, for which no threshold can be set, are refused, and so is a threshold that is not above 0", async () => {
  const below = await refusedOf(foreign({ scoreScale: -2 }));
  assert.is(below.code, "MODEL_IMPORT_REFUSED");
  assert.match(below.message, /noise is -\d.*, below 0/);
  for (const threshold of [0, -3]) {
    const refusal = await refusedOf(foreign(), { threshold });
    assert.equal([refusal.code, refusal.at], ["OPTION_INVALID", "threshold"]);
  }
});

test("a score on another scale than its map is told: regions are where the map exceeds the score's threshold", async () => {
  const { manifest } = await imported(foreign({ scoreScale: 100 }));
  const note = manifest.imported?.assumed.find((each) => each.startsWith("regions lie where"));
  assert.match(note ?? "", /the score is \d\d.*, the map's maximum [01]\./);
  assert.not.ok((await imported(foreign())).manifest.imported?.assumed.some((each) => each.startsWith("regions")));
});

test("the file that is imported is not written over", async () => {
  const dir = temporaryFolder();
  const file = join(dir, "model.onnx");
  await writeFile(file, foreign());
  const refusal = await importBundle({ file, out: dir }).catch((error: unknown) => error);
  assert.instance(refusal, CodedError);
  assert.is((refusal as CodedError).code, "OPTION_INVALID");
  assert.ok(Buffer.from(foreign()).equals(await readFile(file)));
});

test("the command shows what was assumed, and JSON holds it", async () => {
  const dir = temporaryFolder();
  const file = join(dir, "model.onnx");
  await writeFile(file, foreign({ batch: 1 }));
  const lines: string[] = [];
  const terminal = {
    out: (line: string) => void lines.push(line),
    err: () => {},
    stderr: process.stderr,
    interactive: false,
    coloured: false,
  };
  assert.is(await runProgram(["import", file, "--out", join(dir, "bundle")], terminal), 0);
  assert.ok(
    lines.some((line) => line.startsWith("assumed: it takes pixels of 0..1")),
    lines.join("\n"),
  );
  lines.length = 0;
  assert.is(
    await runProgram(["import", file, "--out", join(dir, "bundle"), "--threshold", "0.6", "--json"], terminal),
    0,
  );
  assert.is(JSON.parse(lines.join("")).threshold, 0.6);
});

test.run();
