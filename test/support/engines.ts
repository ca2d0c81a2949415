/** Models whose engines the scripted binding builds; to be imported before what loads ONNX Runtime. */
import "./scripted-binding.js";

import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../../agent/inference/engine.js";
import type { BesideTiming } from "../../agent/inference/engines/beside-options.js";
import { EngineStore } from "../../agent/inference/engines/store.js";
import { type LoadOptions, loadModel } from "../../agent/inference/load.js";
import type { InferenceConfig } from "../../config/types.js";
import { inspected } from "../contracts/engine.js";
import { inferenceConfig, temporaryFolder } from "./config.js";
import { greyFrame } from "./frames.js";
import { asked, forget, script } from "./scripted-binding.js";
import { writeTinyBundle } from "./tiny-bundle.js";
import { until } from "./until.js";

export { asked, forget, script };

interface Given {
  readonly maxBatch?: number;
  readonly timing?: Partial<BesideTiming>;
  readonly golden?: LoadOptions["golden"];
  readonly precision?: InferenceConfig["precision"];
  /** The folder of a float16 bundle. */
  readonly fp16?: string | null;
  readonly store?: EngineStore;
}

/** This process's own, as it were: builds for one GPU take turns, those of other tests' processes too. */
export const GPU = process.pid;

const opened: Engine[] = [];
let bundle: string;
let folder: string;
let proven: string | null = null;

/** The tiny model, and a folder without engines; the binding does what it is to. */
export async function begin(): Promise<void> {
  script({});
  forget();
  bundle = await writeTinyBundle();
  folder = join(temporaryFolder(), "engines");
}

export async function end(): Promise<void> {
  for (const engine of opened.splice(0)) await engine.close();
}

/** Where the engines are, and the model's bundle. */
export const places = () => ({ folder, bundle });

export async function load(given: Given = {}): Promise<Engine> {
  const {
    maxBatch = 2,
    timing = {},
    golden = null,
    precision = "fp32",
    fp16 = null,
    store = new EngineStore(folder),
  } = given;
  const quick = { backoff: { firstMs: 20, mostMs: 50 }, ...timing };
  const { engine } = await loadModel(bundle, {
    inference: inferenceConfig({ providers: ["tensorrt", "cuda", "cpu"], precision, maxBatch, device: GPU }),
    lowered: { fp16 },
    engines: { store, build: true, timing: quick },
    ...{ golden, mostWaiting: 8, onRestart: () => undefined, gpu: async () => true },
  });
  opened.push(engine);
  return engine;
}

/** Builders are processes: on a busy machine they take seconds to come. */
export const eventually = (condition: () => boolean, what: string) => until(condition, what, 30_000);
export const reportOf = (engine: Engine) => engine.providers().engine!;
export const providerOf = async (engine: Engine) => inspected(await engine.inspect(greyFrame(51))).model.provider;
export const isReady = (engine: Engine) => eventually(() => reportOf(engine).state === "ready", "the engine judges");
/** The engines on the disk, drafts among them. */
export const keys = () => readdirSync(folder).filter((name) => /^[0-9a-f]{32}/.test(name));

/** Loads the model, waits for its engine, and closes it: what is on the disk is left. */
export async function built(given: Given = {}): Promise<void> {
  const engine = await load(given);
  await isReady(engine);
  await engine.close();
  forget();
}

/** The same, of a build that was done once for all tests of a file. */
export async function builtBefore(): Promise<void> {
  if (proven === null) {
    await built();
    proven = folder;
  }
  folder = join(temporaryFolder(), "engines");
  cpSync(proven, folder, { recursive: true });
}
