import { readFile } from "node:fs/promises";
import * as assert from "uvu/assert";
import { loadBinding } from "../../agent/inference/binding.js";
import { chooseProvider } from "../../agent/inference/providers/choose.js";
import type { Backend, ProviderEntry, Wish } from "../../agent/inference/providers/session.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { providerContract, TINY_WISH } from "../contracts/provider.js";
import { fakeBinding } from "../fakes/binding.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

/** As npm's onnxruntime-node 1.30 lists them on Linux x64. */
const STOCK: readonly Backend[] = [
  { name: "cpu", bundled: true },
  { name: "cuda", bundled: false },
  { name: "tensorrt", bundled: false },
];
/** A binding that hands provider options on. */
const OWN: readonly Backend[] = STOCK.map((each) => ({ ...each, providerOptions: each.name !== "cpu" }));
const BUILD = { file: "/engines/k.draft/engine.onnx", timingFolder: "/engines" };
const NO_LIBRARY = "libonnxruntime_providers_cuda.so: cannot open shared object file\nat line 1";

const scripted = (provider: string, kind: string, backends: readonly Backend[]): void =>
  providerContract(`${provider}, a scripted ${kind}`, provider, async () => ({
    binding: fakeBinding(backends),
    model: new Uint8Array(),
  }));
scripted("cpu", "binding as npm's", STOCK);
for (const provider of ["cuda", "tensorrt"]) {
  scripted(provider, "binding as npm's", STOCK);
  scripted(provider, "binding that hands options on", OWN);
}
providerContract("cpu, ONNX Runtime", "cpu", async () => {
  const { modelPath } = await readBundle(await writeTinyBundle());
  return { binding: loadBinding(), model: await readFile(modelPath) };
});

const test = suite("providers");

async function entriesOf(
  provider: string,
  backends: readonly Backend[],
  wish: Partial<Wish> = {},
): Promise<readonly ProviderEntry[]> {
  const binding = fakeBinding(backends);
  await chooseProvider([provider], binding, new Uint8Array(), { ...TINY_WISH, ...wish });
  return binding.asked[0]!.executionProviders;
}

test("npm's binding is given the device alone: it would take other options without a word, and do nothing with them", async () => {
  assert.equal(await entriesOf("cuda", STOCK, { device: 1 }), [{ name: "cuda", deviceId: 1 }]);
  assert.equal(await entriesOf("tensorrt", STOCK, { device: 1, build: BUILD, precision: "fp16" }), [
    { name: "tensorrt", deviceId: 1 },
    { name: "cuda", deviceId: 1 },
  ]);
});

test("a binding that hands options on gives TensorRT the model's precision, one engine for all batches, and where it is kept", async () => {
  const [tensorrt, cuda] = await entriesOf("tensorrt", OWN, { build: BUILD, precision: "fp16" });
  const options = tensorrt!.options!;
  assert.is(options.trt_fp16_enable, "1");
  assert.is(options.trt_int8_enable, "0");
  assert.is(options.trt_profile_min_shapes, "image:1x16x16x3");
  assert.is(options.trt_profile_max_shapes, "image:4x16x16x3");
  assert.equal([options.trt_dump_ep_context_model, options.trt_ep_context_file_path], ["1", BUILD.file]);
  assert.is(options.trt_timing_cache_path, BUILD.timingFolder);
  assert.is(cuda!.name, "cuda");
});

test("float32 is float32: no TF32 on CUDA, no lower precision in TensorRT", async () => {
  const [cuda] = await entriesOf("cuda", OWN);
  assert.is(cuda!.options!.use_tf32, "0");
  const [tensorrt] = await entriesOf("tensorrt", OWN);
  assert.equal([tensorrt!.options!.trt_fp16_enable, tensorrt!.options!.trt_int8_enable], ["0", "0"]);
  assert.not("trt_dump_ep_context_model" in tensorrt!.options!);
});

test("a provider whose library this machine lacks is passed over with ONNX Runtime's reason, its first line", async () => {
  const binding = fakeBinding(STOCK, { cuda: NO_LIBRARY });
  const { report } = await chooseProvider(["tensorrt", "cuda", "cpu"], binding, new Uint8Array(), TINY_WISH);
  assert.is(report.used, "cpu");
  assert.equal(
    report.tried.map(({ reason }) => reason),
    [NO_LIBRARY.split("\n")[0], NO_LIBRARY.split("\n")[0], "the best that works here"],
  );
  assert.is(binding.sessions.size, 1);
});

const LIMITED = { gpuLimits: { gpuMemoryMb: 2_048, workspaceMb: 512, dlaCore: 1 } };

test("what a model may take of a GPU reaches the providers by ONNX Runtime's own names, in bytes", async () => {
  const [tensorrt, beside] = await entriesOf("tensorrt", OWN, { ...LIMITED, precision: "fp16" });
  assert.is(tensorrt!.options!.trt_max_workspace_size, "536870912");
  assert.equal([tensorrt!.options!.trt_dla_enable, tensorrt!.options!.trt_dla_core], ["1", "1"]);
  assert.is(beside!.options!.gpu_mem_limit, "2147483648");
  const [cuda] = await entriesOf("cuda", OWN, LIMITED);
  assert.is(cuda!.options!.gpu_mem_limit, "2147483648");
});

test("limits that nobody set are ONNX Runtime's own", async () => {
  const none = { gpuLimits: { gpuMemoryMb: null, workspaceMb: null, dlaCore: null } };
  const [tensorrt, cuda] = await entriesOf("tensorrt", OWN, none);
  const given = [...Object.keys(tensorrt!.options!), ...Object.keys(cuda!.options!)];
  assert.equal(
    given.filter((name) => /dla|workspace|mem_limit/.test(name)),
    [],
  );
});

test("a setting that does nothing is named with the reason: no such setting, a binding that drops it, a DLA in fp32", async () => {
  const told = async (provider: string, backends: readonly Backend[], wish: Partial<Wish>) => {
    const binding = fakeBinding(backends);
    const { report } = await chooseProvider([provider], binding, new Uint8Array(), { ...TINY_WISH, ...wish });
    return report.unreached!.map((text) => text.split(":")[0]);
  };
  const every = ["inference.gpuMemoryMb", "inference.workspaceMb", "inference.dlaCore"];
  assert.equal(await told("cpu", OWN, LIMITED), every);
  assert.equal(await told("tensorrt", STOCK, LIMITED), every);
  assert.equal(await told("cuda", OWN, LIMITED), every.slice(1));
  assert.equal(await told("tensorrt", OWN, LIMITED), every.slice(2));
  assert.equal(await told("tensorrt", OWN, { ...LIMITED, precision: "int8" }), []);
  assert.equal(await told("tensorrt", STOCK, {}), []);
});

test("the binding that is installed names what it was built with", () => {
  assert.ok(loadBinding().backends.some(({ name }) => name === "cpu"));
});

test.run();
