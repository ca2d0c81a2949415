/** Float16 that is made of a float32 model when it is loaded on a GPU: by a scripted binding, whose GPU is ONNX Runtime's CPU provider. */
import "../support/scripted-binding.js";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { EngineStore } from "../../agent/inference/engines/store.js";
import { type LoadOptions, loadModel } from "../../agent/inference/load.js";
import type { ProviderReport } from "../../agent/inference/protocol.js";
import type { Precision, ProviderName } from "../../config/types.js";
import { inferenceConfig, temporaryFolder } from "../support/config.js";
import { asked, forget, script } from "../support/scripted-binding.js";
import { writeSmallBundle } from "../support/small-bundle.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

/** This process's own, as it were: builds for one GPU take turns, those of other tests' processes too. */
const GPU = process.pid;
const test = suite("made halves");
test.before.each(() => {
  script({});
  forget();
});

interface Given {
  readonly bundle?: string;
  readonly precision?: Precision;
  readonly providers?: ProviderName[];
  readonly engines?: LoadOptions["engines"];
  readonly ready?: (report: ProviderReport) => boolean;
}

/** Loads the model and closes it again. @returns what it said of itself once it was ready */
async function reportOf({ bundle, precision = "fp16", providers = ["cuda", "cpu"], engines = null, ready }: Given) {
  const dir = bundle ?? (await writeSmallBundle(temporaryFolder())).dir;
  const { engine } = await loadModel(dir, {
    inference: inferenceConfig({ providers, precision, maxBatch: 1, device: GPU }),
    ...{ engines, mostWaiting: 1, onRestart: () => undefined, gpu: async () => true },
  });
  try {
    if (ready !== undefined) await until(() => ready(engine.providers()), "it is ready", 30_000);
    return engine.providers();
  } finally {
    await engine.close();
  }
}

test("on a GPU float16 is made of the model, and held against it", async () => {
  for (const precision of ["fp16", "auto"] as const) {
    const { used, precision: report } = await reportOf({ precision });
    assert.equal([used, report!.used], ["cuda", "fp16"], report!.reason);
    const { pictures, worst } = report!.difference!;
    assert.is(pictures, 4);
    // Another one than the float model, and hardly another one.
    assert.ok(worst > 0 && worst < 0.01, String(worst));
  }
});

test("on a CPU, which gains nothing by it, and where float32 is asked for the model stays as it is", async () => {
  assert.is((await reportOf({ providers: ["cpu"] })).precision!.used, "fp32");
  assert.is((await reportOf({ precision: "fp32" })).precision!.used, "fp32");
});

test("a model that float16 cannot be made of judges as it is, and says why", async () => {
  const { used, precision } = await reportOf({ bundle: await writeTinyBundle() });
  assert.equal([used, precision!.used], ["cuda", "fp32"]);
  assert.match(precision!.reason, "fp16 is refused: the model has no convolutions");
});

test("TensorRT's engine is built of the float16, and opened at once by the next start", async () => {
  const bundle = (await writeSmallBundle(temporaryFolder())).dir;
  const engines = { store: new EngineStore(join(temporaryFolder(), "engines")), build: true };
  const given: Given = { bundle, engines, providers: ["tensorrt", "cuda", "cpu"] };
  const first = await reportOf({ ...given, ready: ({ engine }) => engine?.state === "ready" });
  assert.equal([first.used, first.precision!.used], ["tensorrt", "fp16"]);
  forget();
  const second = await reportOf(given);
  assert.equal([second.used, second.precision!.used], ["tensorrt", "fp16"]);
  assert.equal(asked(), ["open"]);
});

test.run();
