/** TensorRT's engines that a start finds on the disk: by a scripted binding. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { trivialModel } from "../../agent/bench/trivial-model.js";
import { modelChecks } from "../../agent/doctor/models.js";
import type { Engine } from "../../agent/inference/engine.js";
import { EngineStore } from "../../agent/inference/engines/store.js";
import { packageRoot } from "../../config/package-root.js";
import { readBundle, writeBundle } from "../../models/bundle/bundle.js";
import { failureCode } from "../contracts/engine.js";
import { configOf, inferenceConfig, temporaryFolder } from "../support/config.js";
import {
  asked,
  begin,
  built,
  builtBefore,
  end,
  eventually,
  forget,
  isReady,
  keys,
  load,
  places,
  providerOf,
  reportOf,
  script,
} from "../support/engines.js";
import { greyFrame } from "../support/frames.js";
import { suite } from "../support/suite.js";

const test = suite("engines that are found");
test.before.each(begin);
test.after.each(end);

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
  const path = join(places().folder, keys()[0]!, "engine.onnx");
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
    writeFileSync(join(places().folder, keys()[0]!, "note.json"), text);
    assert.is(await new EngineStore(places().folder).find(keys()[0]!), null, text);
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
  forget();
  // The new one does not judge alike, either.
  await eventually(() => reportOf(other).state === "refused", "the refusal");
  assert.equal(asked(), ["open", "build to a file", "open"]);
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

/** The folder of a float16 bundle that was made of the tiny one, as it were. */
async function float16Bundle(): Promise<string> {
  const { manifest } = await readBundle(places().bundle);
  const lowered = { from: manifest.sha256, layers: 1, float: [], images: 1, mapError: 0, lost: null };
  const { dir } = await writeBundle(temporaryFolder(), trivialModel({ width: 16, height: 16, threshold: 0.5 }), {
    ...{ ...manifest, precision: "fp16" },
    lowered: { ...lowered, threshold: { before: 0.5, shift: 0, same: 1 } },
  });
  return dir;
}

const precisionOf = (engine: Engine) => engine.providers().precision!;

test("the precision that was chosen when its engine was proven stands at the next start, until the choice is another", async () => {
  const fp16 = await float16Bundle();
  const given = { precision: "fp16", fp16 } as const;
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

test("a precision that was refused for what has passed since, as pictures that could not be read, is chosen at the next start", async () => {
  let there = false;
  const given = {
    precision: "fp16",
    fp16: await float16Bundle(),
    golden: async function* () {
      if (!there) throw new Error("no such folder");
      yield { bad: false, pixels: new Uint8Array(768).fill(51) };
    },
  } as const;
  const first = await load(given);
  assert.is(precisionOf(first).used, "fp32");
  assert.match(precisionOf(first).reason, "no such folder");
  there = true;
  await isReady(first);
  await first.close();
  assert.is(precisionOf(await load(given)).used, "fp16");
});

test("a model that has golden pictures by now has its precision chosen anew", async () => {
  const given = { precision: "auto", fp16: await float16Bundle() } as const;
  const first = await load(given);
  assert.match(precisionOf(first).reason, "has no selfTest");
  await isReady(first);
  await first.close();
  const golden = async function* () {
    yield { bad: false, pixels: new Uint8Array(768).fill(51) };
  };
  assert.is(precisionOf(await load({ ...given, golden })).used, "fp16");
});

test("doctor says of an engine that is not there that the agent builds it, and builds none", async () => {
  const config = configOf([], {
    models: { tiny: { path: places().bundle } },
    inference: inferenceConfig({ providers: ["tensorrt", "cuda", "cpu"], precision: "fp32" }),
  });
  const checks = await modelChecks(config);
  const told = checks.find(({ path }) => path === "models.tiny on tensorrt");
  assert.equal([told!.level, told!.message], ["note", "its engine is not built yet; the agent builds it"]);
  assert.equal(asked(), []);
});

test("what a build leaves on the disk is on the page about it", async () => {
  await builtBefore();
  const page = readFileSync(join(packageRoot(), "docs/on-disk.md"), "utf8");
  for (const name of readdirSync(places().folder, { recursive: true, encoding: "utf8" })) {
    if (!name.includes("/")) continue;
    assert.ok(page.includes(`\`engines/${name.replace(/[0-9a-f]{32}/, "<key>")}\``), name);
  }
});

test.run();
