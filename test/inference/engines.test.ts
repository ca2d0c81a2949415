/** TensorRT's engines beside the provider that runs: by a scripted binding, whose TensorRT is ONNX Runtime's CPU provider. */
import "../support/scripted-binding.js";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Engine } from "../../agent/inference/engine.js";
import { EngineStore } from "../../agent/inference/engines/store.js";
import { loadModel } from "../../agent/inference/load.js";
import { inspected } from "../contracts/engine.js";
import { inferenceConfig, temporaryFolder } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { asked, forget, script } from "../support/scripted-binding.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

const test = suite("engines");
const engines: Engine[] = [];
let bundle: string;
let folder: string;
test.before.each(async () => {
  script({});
  forget();
  bundle = await writeTinyBundle();
  folder = join(temporaryFolder(), "engines");
});
test.after.each(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

async function load(): Promise<Engine> {
  const { engine } = await loadModel(bundle, {
    inference: inferenceConfig({ providers: ["tensorrt", "cuda", "cpu"], precision: "fp32", maxBatch: 2 }),
    engines: { store: new EngineStore(folder), build: true, timing: { backoff: { firstMs: 20, mostMs: 50 } } },
    ...{ mostWaiting: 2, onRestart: () => undefined, gpu: async () => true },
  });
  engines.push(engine);
  return engine;
}

const stateOf = (engine: Engine) => engine.providers().engine?.state;
const providerOf = async (engine: Engine) => inspected(await engine.inspect(greyFrame(51))).model.provider;

test("frames are judged from the first second while the engine is built, and by the engine from then on", async () => {
  script({ buildMs: 300 });
  const engine = await load();
  assert.is(await providerOf(engine), "cuda");
  const { engine: report, fault, tried } = engine.providers();
  assert.is(report!.state, "building-engine");
  assert.is(fault, null);
  assert.is(tried[0]!.provider, "tensorrt");
  await until(() => stateOf(engine) === "ready", "the engine judges");
  assert.is(await providerOf(engine), "tensorrt");
  assert.is(engine.providers().used, "tensorrt");
  assert.equal(asked(), ["build to a file", "open"]);
});

test.run();
