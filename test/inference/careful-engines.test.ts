/** TensorRT's engines where something goes wrong around them: by a scripted binding. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { EngineStore } from "../../agent/inference/engines/store.js";
import {
  asked,
  begin,
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
import { suite } from "../support/suite.js";

const test = suite("engines in trouble");
test.before.each(begin);
test.after.each(end);

/** A folder that takes nothing, and of which nothing can be removed. */
class ReadOnlyStore extends EngineStore {
  override remove = () => this.#readOnly();
  override removeThis = () => this.#readOnly();
  override prove = () => this.#readOnly();
  override refuse = () => this.#readOnly();
  override beginOpening = () => this.#readOnly();
  override endOpening = () => this.#readOnly();

  #readOnly(): Promise<never> {
    return Promise.reject(new Error("EROFS: read-only file system"));
  }
}

const opening = (): string => join(places().folder, keys()[0]!, "opening");

test("an engine at whose opening an agent ended is tried by another process, and then opened", async () => {
  await builtBefore();
  writeFileSync(opening(), "");
  const engine = await load();
  assert.is(await providerOf(engine), "tensorrt");
  assert.equal(asked(), ["open", "open"]);
  assert.not.ok(existsSync(opening()));
});

test("an engine that ends the process that opens it ends no agent twice: it is refused, and a fault", async () => {
  await builtBefore();
  writeFileSync(opening(), "");
  script({ open: "crash" });
  const engine = await load();
  assert.is(await providerOf(engine), "cuda");
  assert.is(reportOf(engine).state, "refused");
  assert.match(engine.providers().fault!, "SIGSEGV");
  await engine.close();
  forget();
  assert.is(reportOf(await load()).state, "refused");
  assert.equal(asked(), []);
});

test("an engine that cannot be opened for a moment, as where the GPU's memory is another's, is not built anew", async () => {
  await builtBefore();
  script({ open: "refuse" });
  const engine = await load({ timing: { backoff: { firstMs: 300, mostMs: 300 } } });
  assert.is(await providerOf(engine), "cuda");
  script({});
  await isReady(engine);
  assert.equal(asked(), ["open", "open"]);
});

test("a folder that takes nothing costs no model, and no engine that judges alike", async () => {
  const { folder } = places();
  await builtBefore();
  const damaged = join(places().folder, keys()[0]!, "engine.onnx");
  writeFileSync(damaged, "");
  const engine = await load({ store: new ReadOnlyStore(places().folder) });
  assert.is(await providerOf(engine), "cuda");
  await eventually(() => reportOf(engine).failures > 1, "another attempt");
  assert.match(reportOf(engine).failure!, "damaged");
  await engine.close();
  const fresh = await load({ store: new ReadOnlyStore(folder) });
  await isReady(fresh);
  assert.is(await providerOf(fresh), "tensorrt");
});

test("an engine that is refused on a full disk is refused all the same", async () => {
  script({ factor: 1.5 });
  const engine = await load({ store: new ReadOnlyStore(places().folder) });
  await eventually(() => reportOf(engine).state === "refused", "the refusal");
  assert.match(reportOf(engine).failure!, "differ by");
});

test("one model by two names is built once, and stays for both", async () => {
  script({ buildMs: 200 });
  const store = new EngineStore(places().folder);
  const [one, two] = [await load({ store }), await load({ store })];
  await Promise.all([isReady(one), isReady(two)]);
  assert.equal(asked(), ["build to a file", "open", "open"]);
  const proof = (await store.find(keys()[0]!))?.proof;
  assert.ok(proof);
});

test("one model by two names, for other numbers of cameras, has two engines, of which none ends the other", async () => {
  const store = new EngineStore(places().folder);
  const [one, two] = [await load({ store }), await load({ store, maxBatch: 1 })];
  await Promise.all([isReady(one), isReady(two)]);
  assert.is(keys().length, 2);
});

test("a note that is a pipe, a folder or endless is no engine, and holds nothing up", async () => {
  const store = new EngineStore(places().folder);
  const make: readonly ((path: string) => unknown)[] = [
    (path) => execFileSync("mkfifo", [path]),
    (path) => mkdirSync(path),
    (path) => execFileSync("ln", ["-s", "/dev/zero", path]),
    (path) => execFileSync("ln", ["-s", path, path]),
  ];
  for (const [index, put] of make.entries()) {
    const key = index.toString(16).padStart(32, "0");
    mkdirSync(join(places().folder, key), { recursive: true });
    put(join(places().folder, key, "note.json"));
    assert.is(await store.find(key), null);
  }
  await isReady(await load({ store }));
  assert.is(keys().length, 1, "they give way to the next engine");
});

test.run();
