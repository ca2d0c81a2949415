import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { loadBinding } from "../../agent/inference/binding.js";
import { CodedError } from "../../errors.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { loadRuntime } from "../../models/onnx/runtime.js";
import { bindingContract } from "../contracts/binding.js";
import { providerContract } from "../contracts/provider.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

const SCRIPTED = fileURLToPath(new URL("../fakes/scripted-binding.cjs", import.meta.url));

async function tinyModel(): Promise<Uint8Array> {
  return readFile((await readBundle(await writeTinyBundle())).modelPath);
}

bindingContract("npm's", async () => ({ runtime: loadRuntime(undefined), model: await tinyModel() }));
bindingContract("a scripted one", async () => ({ runtime: loadRuntime(SCRIPTED), model: await tinyModel() }));
for (const provider of ["cpu", "cuda", "tensorrt"]) {
  providerContract(`${provider}, of the scripted binding`, provider, async () => ({
    binding: loadBinding(loadRuntime(SCRIPTED)),
    model: await tinyModel(),
  }));
}

const test = suite("RETORT_ORT_BINDING");

async function moduleOf(text: string): Promise<string> {
  const path = join(temporaryFolder(), "binding.cjs");
  await writeFile(path, text);
  return path;
}

function refusalOf(path: string): CodedError {
  try {
    loadRuntime(path);
  } catch (error) {
    assert.ok(error instanceof CodedError);
    assert.is(error.code, "BINDING_UNUSABLE");
    assert.is(error.at, path);
    assert.match(error.message, path);
    return error;
  }
  throw new Error("it was loaded");
}

test("a module that is no binding is refused, by what it lacks", async () => {
  assert.match(
    refusalOf(await moduleOf("module.exports = {};")).message,
    "InferenceSession.create, Tensor, listSupportedBackends, env",
  );
  assert.match(refusalOf(await moduleOf("module.exports = 7;")).message, "is without InferenceSession.create");
  const half = "module.exports = { InferenceSession: class { static create() {} }, Tensor: class {}, env: null };";
  assert.match(refusalOf(await moduleOf(half)).message, /is without listSupportedBackends, env$/);
});

test("what cannot be loaded is refused, with the reason's first line", async () => {
  assert.match(refusalOf(join(temporaryFolder(), "nowhere")).message, "cannot be loaded: Cannot find module");
  assert.match(
    refusalOf(await moduleOf("throw new Error('libcudart.so.12: not found\\nat a')")).message,
    /libcudart.so.12: not found$/,
  );
});

test("the folder of a package is loaded by its package.json", async () => {
  const folder = join(temporaryFolder(), "ort");
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), JSON.stringify({ main: "entry.cjs" }));
  await writeFile(join(folder, "entry.cjs"), `module.exports = require(${JSON.stringify(SCRIPTED)});`);
  assert.ok(
    loadRuntime(folder)
      .listSupportedBackends()
      .some(({ name }) => name === "tensorrt"),
  );
});

test("without it npm's is loaded", () => {
  assert.ok(
    loadRuntime(undefined)
      .listSupportedBackends()
      .some(({ name, bundled }) => name === "cpu" && bundled),
  );
  assert.is(loadRuntime("").Tensor, loadRuntime(undefined).Tensor);
});

test.run();
