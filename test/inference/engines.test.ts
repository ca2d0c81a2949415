/** TensorRT's engines beside the provider that runs: by a scripted binding, whose TensorRT is ONNX Runtime's CPU provider. */
import "../support/scripted-binding.js";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { trivialModel } from "../../agent/bench/trivial-model.js";
import type { Engine } from "../../agent/inference/engine.js";
import type { BesideTiming } from "../../agent/inference/engines/beside.js";
import { EngineStore } from "../../agent/inference/engines/store.js";
import { type LoadOptions, loadModel } from "../../agent/inference/load.js";
import { packageRoot } from "../../config/package-root.js";
import type { InferenceConfig } from "../../config/types.js";
import { readBundle, writeBundle } from "../../models/bundle/bundle.js";
import { failureCode, inspected } from "../contracts/engine.js";
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

interface Given {
  readonly maxBatch?: number;
  readonly timing?: Partial<BesideTiming>;
  readonly golden?: LoadOptions["golden"];
  readonly precision?: InferenceConfig["precision"];
  /** The folder of a float16 bundle. */
  readonly fp16?: string | null;
}

async function load(given: Given = {}): Promise<Engine> {
  const { maxBatch = 2, timing = {}, golden = null, precision = "fp32", fp16 = null } = given;
  const quick = { backoff: { firstMs: 20, mostMs: 50 }, ...timing };
  const { engine } = await loadModel(bundle, {
    inference: inferenceConfig({ providers: ["tensorrt", "cuda", "cpu"], precision, maxBatch }),
    lowered: { fp16 },
    engines: { store: new EngineStore(folder), build: true, timing: quick },
    ...{ golden, mostWaiting: 8, onRestart: () => undefined, gpu: async () => true },
  });
  engines.push(engine);
  return engine;
}

/** Builders are processes: on a busy machine they take seconds to come. */
const eventually = (condition: () => boolean, what: string) => until(condition, what, 30_000);
const reportOf = (engine: Engine) => engine.providers().engine!;
const providerOf = async (engine: Engine) => inspected(await engine.inspect(greyFrame(51))).model.provider;
const isReady = (engine: Engine) => eventually(() => reportOf(engine).state === "ready", "the engine judges");
const keys = () => readdirSync(folder).filter((name) => /^[0-9a-f]{32}/.test(name));

/** Loads the model, waits for its engine, and closes it: what is on the disk is left. */
async function built(given: Given = {}): Promise<void> {
  const engine = await load(given);
  await isReady(engine);
  await engine.close();
  forget();
}

let proven: string | null = null;

/** The same, of a build that was done once for all tests. */
async function builtBefore(): Promise<void> {
  if (proven === null) {
    await built();
    proven = folder;
  }
  folder = join(temporaryFolder(), "engines");
  cpSync(proven, folder, { recursive: true });
}

test("frames are judged from the first second while the engine is built, and by the engine from then on", async () => {
  script({ buildMs: 300 });
  const engine = await load();
  assert.is(await providerOf(engine), "cuda");
  const { engine: report, fault, tried } = engine.providers();
  assert.is(report!.state, "building-engine");
  assert.is(fault, null);
  assert.equal([tried[0]!.provider, tried[0]!.taken], ["tensorrt", false]);
  await isReady(engine);
  assert.is(await providerOf(engine), "tensorrt");
  const { used, engine: ready } = engine.providers();
  assert.equal([used, ready!.attempt, ready!.difference!.lost], ["tensorrt", 1, 0]);
  assert.equal(asked(), ["build to a file", "open"]);
});

test("the change to the engine loses no frame, and none overtakes another", async () => {
  const engine = await load();
  const order: number[] = [];
  const levels: number[] = [];
  const providers = new Set<string>();
  let number = 0;
  // As a camera does: four on their way at any time.
  const ask = async (): Promise<void> => {
    while (reportOf(engine).state !== "ready" || number % 40 !== 0) {
      const mine = number;
      number += 1;
      const { score, model, frame } = inspected(
        await engine.inspect(greyFrame(mine % 200, undefined, { number: mine })),
      );
      order.push(frame.number);
      levels.push(Math.round(score * 255));
      providers.add(model.provider);
    }
  };
  await Promise.all([ask(), ask(), ask(), ask()]);
  await providerOf(engine);
  assert.equal(order, [...order.keys()], "each once, in order");
  assert.equal(
    levels,
    order.map((each) => each % 200),
  );
  assert.ok(providers.has("cuda"));
});

test("a build that crashes costs no frame and is tried again; when it keeps crashing it is a fault", async () => {
  script({ build: "crash" });
  const engine = await load();
  await eventually(() => reportOf(engine).failures >= 1, "a crash");
  assert.match(reportOf(engine).failure!, "SIGSEGV");
  await eventually(() => engine.providers().fault !== null, "a fault");
  assert.ok(reportOf(engine).failures >= 3);
  assert.match(engine.providers().fault!, /^PROVIDER_NOT_USED: the model runs on cuda; tensorrt: .*SIGSEGV/);
  assert.is(await providerOf(engine), "cuda");
  script({});
  await isReady(engine);
  assert.is(engine.providers().fault, null);
  assert.equal(keys().length, 1, "what the crashes left is gone");
});

test("a build that hangs is ended when its time is over, with that reason", async () => {
  script({ build: "hang" });
  const engine = await load({ timing: { buildMs: 2_500 } });
  await eventually(() => reportOf(engine).failure !== null, "the end of it");
  assert.match(reportOf(engine).failure!, "not done after");
  assert.is(await providerOf(engine), "cuda");
});

test("a build that ONNX Runtime refuses says why, in its first line", async () => {
  script({ build: "refuse" });
  const engine = await load();
  await eventually(() => reportOf(engine).failure !== null, "the reason");
  assert.match(reportOf(engine).failure!, /no tactic for a layer$/);
});

test("a build of ONNX Runtime that writes no engine is not asked again, and that is a fault", async () => {
  script({ build: "nothing" });
  const engine = await load();
  await eventually(() => reportOf(engine).state === "failed", "the end of it");
  assert.match(engine.providers().fault!, "did not write it");
  assert.equal(asked(), ["build to a file"]);
});

test("an engine that scores otherwise is refused, and is not built again at the next start", async () => {
  script({ factor: 1.5 });
  const engine = await load();
  await eventually(() => reportOf(engine).state === "refused", "the refusal");
  assert.is(await providerOf(engine), "cuda");
  assert.match(engine.providers().fault!, /differ by \d+ %, more than 10 %/);
  await engine.close();
  forget();
  const again = await load();
  assert.is(reportOf(again).state, "refused");
  assert.match(again.providers().fault!, "differ by");
  assert.equal(asked(), []);
});

test("an engine whose scores are right and whose maps are not is refused", async () => {
  script({ blot: 2 });
  const engine = await load();
  await eventually(() => reportOf(engine).state === "refused", "the refusal");
  assert.match(reportOf(engine).failure!, "differ by");
});

test("a build waits while another agent's builder has the GPU, and its time begins with its turn", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen("\0retort-engine-build-gpu0", resolve));
  const engine = await load({ timing: { buildMs: 4_000 } });
  await eventually(() => /waits for that of another agent/.test(reportOf(engine).step), "its waiting");
  assert.equal(asked(), []);
  await new Promise((resolve) => other.close(resolve));
  await isReady(engine);
});

test("an engine that judges a golden picture wrongly is refused, however small the difference", async () => {
  script({ factor: 1.02 });
  const engine = await load({
    // The tiny model's threshold is 0.5: 127 lies below it, and above it by a fiftieth more.
    golden: async function* () {
      yield { bad: false, pixels: new Uint8Array(768).fill(126) };
    },
  });
  await eventually(() => reportOf(engine).state === "refused", "the refusal");
  assert.match(reportOf(engine).failure!, "misjudges 1 golden picture");
});

test("a start with a proven engine opens it at once: nothing is built, and the first frame is its own", async () => {
  await builtBefore();
  const engine = await load();
  assert.is(await providerOf(engine), "tensorrt");
  const { state, attempt } = reportOf(engine);
  assert.equal([state, attempt], ["ready", 0]);
  assert.equal(asked(), ["open"]);
});

test("an engine that is damaged on the disk is not opened, but built anew", async () => {
  await builtBefore();
  const path = join(folder, keys()[0]!, "engine.onnx");
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
  const engine = await load();
  assert.is(await providerOf(engine), "cuda");
  await isReady(engine);
  assert.equal(asked(), ["build to a file", "open"]);
});

test("a note that is no note makes no engine of what lies beside it", async () => {
  await builtBefore();
  for (const text of ["", "{", "[]", '{"v":1,"kind":"engine"}', `{"v":1,"kind":"engine","model":"${"a".repeat(64)}"`]) {
    writeFileSync(join(folder, keys()[0]!, "note.json"), text);
    assert.is(await new EngineStore(folder).find(keys()[0]!), null, text);
  }
});

test("an engine that cannot be opened any more, or scores otherwise than it did, gives way and is built anew", async () => {
  await builtBefore();
  script({ open: "refuse" });
  const engine = await load();
  assert.is(await providerOf(engine), "cuda");
  assert.match(reportOf(engine).failure!, "another version of TensorRT");
  await engine.close();
  await builtBefore();
  script({ factor: 1.5 });
  const other = await load();
  assert.is(await providerOf(other), "cuda");
  assert.match(reportOf(other).failure!, "does not judge as it did");
});

test("an engine that hangs when it is opened holds the model up no longer than it may", async () => {
  await builtBefore();
  script({ open: "hang" });
  const engine = await load({ timing: { openMs: 1_500 } });
  assert.is(await providerOf(engine), "cuda");
  assert.match(reportOf(engine).failure!, "not ready after");
  script({});
  await isReady(engine);
});

test("where something that an engine depends on is another, it is built anew, and the old one goes", async () => {
  await builtBefore();
  const [before] = keys();
  await built({ maxBatch: 4 });
  assert.is(keys().length, 1);
  assert.is.not(keys()[0], before);
});

test("an engine whose thread dies and that cannot be opened again gives way, and is built anew", async () => {
  await builtBefore();
  const engine = await load();
  script({ dies: true, open: "refuse" });
  assert.is(failureCode(await engine.inspect(greyFrame(1))), "ENGINE_WORKER_DIED");
  assert.is(await providerOf(engine), "cuda");
  await eventually(() => reportOf(engine).state === "building-engine", "the next build");
  assert.match(reportOf(engine).failure!, "another version of TensorRT");
  script({});
  await isReady(engine);
  assert.is(await providerOf(engine), "tensorrt");
});

test("the precision that was chosen when its engine was proven stands at the next start, until the choice is another", async () => {
  const { manifest } = await readBundle(bundle);
  const lowered = { from: manifest.sha256, layers: 1, float: [], images: 1, mapError: 0, lost: null };
  const { dir: fp16 } = await writeBundle(temporaryFolder(), trivialModel({ width: 16, height: 16, threshold: 0.5 }), {
    ...{ ...manifest, precision: "fp16" },
    lowered: { ...lowered, threshold: { before: 0.5, shift: 0, same: 1 } },
  });
  const given = { precision: "fp16", fp16 } as const;
  const precisionOf = (engine: Engine) => engine.providers().precision!;
  const first = await load(given);
  assert.equal([precisionOf(first).used, first.providers().used], ["fp16", "cuda"]);
  await isReady(first);
  await first.close();
  forget();
  const second = await load(given);
  assert.equal([second.providers().used, precisionOf(second)], ["tensorrt", precisionOf(first)]);
  assert.equal(asked(), ["open"]);
  await second.close();
  const third = await load({ precision: "fp32", fp16 });
  assert.equal([third.providers().used, precisionOf(third).used], ["cuda", "fp32"]);
});

test("builds of several models come one after the other", async () => {
  script({ buildMs: 300 });
  const [one, two] = [await load(), await load({ maxBatch: 1 })];
  const steps = () => [one, two].map((engine) => reportOf(engine).step);
  await eventually(() => steps().some((step) => /waits for that of another model/.test(step)), "one that waits");
  await Promise.all([isReady(one), isReady(two)]);
});

test("what a build leaves on the disk is on the page about it", async () => {
  await builtBefore();
  const page = readFileSync(join(packageRoot(), "docs/on-disk.md"), "utf8");
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.includes("/")) continue;
    assert.ok(page.includes(`\`engines/${name.replace(/[0-9a-f]{32}/, "<key>")}\``), name);
  }
});

test.run();
