import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Engine } from "../../agent/inference/engine.js";
import { loadModel } from "../../agent/inference/load.js";
import { choosePrecision, type KnownPicture, type OpenModel } from "../../agent/inference/precision.js";
import type { Precision } from "../../config/types.js";
import type { ModelPrecision } from "../../models/bundle/bundle.js";
import { quantizeBundle } from "../../models/quantize/quantize.js";
import { fakeEngine } from "../fakes/engine.js";
import { inferenceConfig, temporaryFolder } from "../support/config.js";
import { writeSmallBundle } from "../support/small-bundle.js";
import { writeGoodPictures } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("precision");
const FLOAT = "f".repeat(64);

/** The tiny model, whose scores are multiplied by `factor`; its threshold is 0.5. */
function model(precision: ModelPrecision, { factor = 1, from = FLOAT, provider = "cpu" } = {}) {
  const fake = fakeEngine();
  let closed = false;
  const engine: Engine = {
    ...fake,
    async inspect(frame) {
      const outcome = await fake.inspect(frame);
      if (outcome.kind === "failed") return outcome;
      return { ...outcome, inspection: { ...outcome.inspection, score: outcome.inspection.score * factor } };
    },
    providers: () => ({ used: provider, tried: [] }),
    async close() {
      closed = true;
    },
  };
  const input = { width: 16, height: 16 };
  const lowered = { from, layers: 1, float: [], images: 1, mapError: 0, lost: null };
  const manifest = {
    ...{ name: "tiny", version: "1", arch: "none", input, threshold: 0.5, calibration: null, training: null },
    ...{ sha256: precision === "fp32" ? FLOAT : "0".repeat(64), created: "2026-01-01T00:00:00.000Z" },
    ...(precision === "fp32"
      ? {}
      : { precision, lowered: { ...lowered, threshold: { before: 0.5, shift: 0, same: 1 } } }),
  };
  const open: OpenModel = { engine, bundle: { dir: "", modelPath: "", manifest } };
  return { open, closed: () => closed };
}

async function* golden(): AsyncIterable<KnownPicture> {
  yield { bad: true, pixels: new Uint8Array(768).fill(204) };
  yield { bad: false, pixels: new Uint8Array(768).fill(102) };
}

interface Given {
  readonly asked: Precision;
  readonly int8?: ReturnType<typeof model>;
  readonly fp16?: ReturnType<typeof model>;
  readonly provider?: string;
  readonly pictures?: typeof golden | null;
}

async function choose({ asked, int8, fp16, provider = "cpu", pictures = golden }: Given) {
  const float = model("fp32", { provider });
  const { model: chosen, report } = await choosePrecision(float.open, {
    ...{ asked, limit: 0.1, golden: pictures },
    open: (precision) => {
      const found = precision === "int8" ? int8 : fp16;
      return found === undefined ? null : Promise.resolve(found.open);
    },
  });
  return { ...report, float, chosen };
}

test("the precision that is asked for judges, and it is published how far its scores lie from the float model's", async () => {
  const int8 = model("int8", { factor: 1.05 });
  const { used, reason, difference, float, chosen } = await choose({ asked: "int8", int8 });
  assert.equal([used, reason], ["int8", "as asked"]);
  assert.equal([difference!.pictures, difference!.limit, difference!.lost], [2, 0.1, 0]);
  // 204 / 255 becomes 0.84: a twentieth of itself more.
  assert.ok(Math.abs(difference!.worst - 0.05) < 1e-6, String(difference!.worst));
  assert.is(chosen, int8.open);
  assert.ok(float.closed(), "two models would take twice the memory");
});

test("past the limit a precision is refused with the reason, and the float model judges", async () => {
  const int8 = model("int8", { factor: 1.2 });
  const { used, reason, float } = await choose({ asked: "int8", int8 });
  assert.is(used, "fp32");
  assert.match(reason, "int8 is refused: scores of golden pictures differ by 20 %, more than 10 %");
  assert.ok(int8.closed() && !float.closed());
});

test("a precision that misses what the float model finds is refused, however near their scores are", async () => {
  async function* near(): AsyncIterable<KnownPicture> {
    yield { bad: true, pixels: new Uint8Array(768).fill(129) };
  }
  const { used, reason } = await choose({ asked: "int8", int8: model("int8", { factor: 0.98 }), pictures: near });
  assert.is(used, "fp32");
  assert.match(reason, "it misjudges 1 golden");
});

test("auto takes int8 on a CPU, float16 on a GPU, and the next where that one is refused", async () => {
  const both = () => ({ int8: model("int8"), fp16: model("fp16") });
  assert.is((await choose({ asked: "auto", ...both() })).used, "int8");
  const gpu = { provider: "cuda", int8: model("int8", { provider: "cuda" }) };
  assert.is((await choose({ asked: "auto", ...gpu, fp16: model("fp16", { provider: "cuda" }) })).used, "fp16");
  const poor = model("fp16", { provider: "cuda", factor: 2 });
  assert.is((await choose({ asked: "auto", ...gpu, fp16: poor })).used, "int8");
  assert.is((await choose({ asked: "auto" })).used, "fp32");
});

test("what cannot be compared is taken where it was asked for by name, and never by auto", async () => {
  const named = await choose({ asked: "int8", int8: model("int8"), pictures: null });
  assert.equal([named.used, named.difference], ["int8", null]);
  assert.match(named.reason, "not compared");
  assert.is((await choose({ asked: "auto", int8: model("int8"), pictures: null })).used, "fp32");
});

test("a bundle of another model, in another precision or on a lesser provider is refused", async () => {
  for (const [int8, why] of [
    [model("int8", { from: "a".repeat(64) }), "another float32 model"],
    [model("fp16"), "its bundle is in fp16"],
    [model("int8", { provider: "cpu" }), "it runs on cpu, the float model on cuda"],
  ] as const) {
    const { used, reason } = await choose({ asked: "int8", int8, provider: "cuda" });
    assert.is(used, "fp32");
    assert.match(reason, why);
    assert.ok(int8.closed());
  }
});

test("the bundle that `retort quantize` writes is loaded in the float one's place, with its own threshold", async () => {
  const dir = temporaryFolder();
  const float = await writeSmallBundle(dir);
  const calibration = await writeGoodPictures(dir, 5);
  const int8 = join(dir, "int8");
  const { threshold } = await quantizeBundle({ bundle: float.dir, calibration, out: int8, threads: 1 });
  const { engine } = await loadModel(float.dir, {
    inference: inferenceConfig({ precision: "int8" }),
    lowered: { int8 },
    golden: async function* ({ width, height }) {
      yield { bad: true, pixels: new Uint8Array(width * height * 3).fill(90) };
    },
    ...{ mostWaiting: 1, onRestart: () => undefined },
  });
  const { precision } = engine.providers();
  await engine.close();
  assert.is(precision!.used, "int8", precision!.reason);
  assert.is(precision!.difference!.pictures, 1);
  assert.is(engine.threshold, threshold);
});

test("where the lower bundle cannot be read the float model judges, and says why", async () => {
  const { dir } = await writeSmallBundle(temporaryFolder());
  const { engine } = await loadModel(dir, {
    inference: inferenceConfig({ precision: "int8" }),
    lowered: { int8: join(dir, "away") },
    ...{ mostWaiting: 1, onRestart: () => undefined },
  });
  const { precision } = engine.providers();
  await engine.close();
  assert.is(precision!.used, "fp32");
  assert.match(precision!.reason, "int8 is refused: cannot read the model bundle");
});

test.run();
