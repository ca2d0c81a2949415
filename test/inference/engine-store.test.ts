import { readdirSync } from "node:fs";
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { gpuFacts } from "../../agent/inference/engines/gpu-facts.js";
import { type EngineFacts, keyOf } from "../../agent/inference/engines/key.js";
import { EngineStore, NothingWritten } from "../../agent/inference/engines/store.js";
import { temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("the store of engines");
const ORIN: EngineFacts = {
  ...{ model: "a".repeat(64), runtime: "1.30.0 with options", precision: "fp16", batchSizes: [1, 2], limits: null },
  ...{ name: "Jetson AGX Orin", computeCapability: "8.7", tensorrt: "10.3.0", driver: "R36.4.3" },
};
const modelOf = (index: number): string => index.toString(16).padStart(64, "0");
const keyFor = (index: number): string => keyOf({ ...ORIN, model: modelOf(index) });

async function keep(store: EngineStore, index: number): Promise<void> {
  const { file } = await store.begin(keyFor(index));
  await writeFile(file, `engine ${index}`);
  await store.keep(keyFor(index), modelOf(index));
}

test("an engine is another one for each thing that it depends on", () => {
  const others: Partial<EngineFacts>[] = [
    { model: "b".repeat(64) },
    { runtime: "1.31.0 with options" },
    { precision: "int8" },
    { batchSizes: [1, 2, 4] },
    { limits: { gpuMemoryMb: null, workspaceMb: 512, dlaCore: null } },
    { name: "Jetson Orin Nano" },
    { computeCapability: "11.0" },
    { driver: "R36.4.4" },
    { tensorrt: "10.7.0" },
  ];
  const keys = new Set([ORIN, ...others.map((other) => ({ ...ORIN, ...other }))].map(keyOf));
  assert.is(keys.size, others.length + 1);
  assert.is(keyOf({ ...ORIN }), keyOf(ORIN));
});

test("engines of many models are kept up to sixteen; those that have lain longest go", async () => {
  const folder = temporaryFolder();
  const store = new EngineStore(folder);
  for (let index = 0; index < 17; index += 1) {
    await keep(store, index);
    const seconds = 1_000_000 + index;
    await utimes(join(folder, keyFor(index)), seconds, seconds);
  }
  assert.is(readdirSync(folder).length, 16);
  assert.is(await store.find(keyFor(0)), null);
  assert.ok(await store.find(keyFor(1)));
  assert.ok(await store.find(keyFor(16)));
});

test("a refusal holds until the limit is a wider one, and leaves no engine", async () => {
  const folder = temporaryFolder();
  const store = new EngineStore(folder);
  await keep(store, 1);
  await store.refuse(keyFor(1), modelOf(1), "scores differ by 12 %", 0.1);
  assert.is(await store.find(keyFor(1)), null);
  assert.is(await store.refusal(keyFor(1), 0.1), "scores differ by 12 %");
  assert.is(await store.refusal(keyFor(1), 0.05), "scores differ by 12 %");
  assert.is(await store.refusal(keyFor(1), 0.2), null);
  assert.equal(readdirSync(join(folder, keyFor(1))), ["note.json"]);
});

test("a build that wrote nothing would never; one whose file is empty may the next time; neither leaves anything", async () => {
  const folder = temporaryFolder();
  const store = new EngineStore(folder);
  for (const text of [null, ""]) {
    const { file } = await store.begin(keyFor(1));
    if (text !== null) await writeFile(file, text);
    const error: unknown = await store.keep(keyFor(1), modelOf(1)).catch((reason: unknown) => reason);
    assert.ok(error instanceof Error);
    assert.is(error instanceof NothingWritten, text === null);
    await store.drop(keyFor(1));
  }
  assert.equal(readdirSync(folder), []);
});

test("what else lies in the folder is left alone", async () => {
  const folder = temporaryFolder();
  await mkdir(join(folder, "mine.draft"));
  await writeFile(join(folder, "TensorrtExecutionProvider_cache_sm87.timing"), "t");
  const store = new EngineStore(folder);
  await store.sweepDrafts();
  await keep(store, 1);
  assert.is(readdirSync(folder).length, 3);
});

/** A machine as it tells of its GPU. @param smi what nvidia-smi prints; null: there is none */
async function machine(
  smi: string | null,
  { model = "", compatible = "", driver = "", jetsonLinux = "", libraries = [] as string[] } = {},
) {
  const folder = temporaryFolder();
  await writeFile(join(folder, "model"), model);
  await writeFile(join(folder, "compatible"), compatible);
  await writeFile(join(folder, "driver"), driver);
  await writeFile(join(folder, "release"), jetsonLinux);
  for (const name of libraries) await writeFile(join(folder, name), "");
  return gpuFacts(1, {
    smi: async (args) => {
      assert.equal(args[0], "--id=1");
      if (smi === null) throw new Error("no nvidia-smi");
      return smi;
    },
    ...{ boardModel: join(folder, "model"), compatible: join(folder, "compatible") },
    ...{ driver: join(folder, "driver"), jetsonLinux: join(folder, "release") },
    libraryFolders: [join(folder, "nowhere"), folder],
  });
}

test("a discrete GPU is told by nvidia-smi, TensorRT's version by its library", async () => {
  const libraries = ["libnvinfer.so", "libnvinfer.so.10", "libnvinfer.so.10.9.0", "libnvinfer.so.10.13.2.6"];
  const driver = [
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023",
    "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)",
  ].join("\n");
  const facts = { name: "NVIDIA RTX A2000", computeCapability: "8.6", tensorrt: "10.13.2.6" };
  assert.equal(await machine("NVIDIA RTX A2000, 8.6\n", { libraries, driver }), { ...facts, driver: "535.104.05" });
  const open = driver.replace("x86_64 Kernel Module", "Open Kernel Module for x86_64");
  assert.equal(await machine("NVIDIA RTX A2000, 8.6\n", { libraries, driver: open }), {
    ...facts,
    driver: "535.104.05",
  });
});

test("a Jetson is told by its device tree, also where nvidia-smi knows nothing of its GPU", async () => {
  const tree = {
    model: "NVIDIA Jetson AGX Orin Developer Kit\0",
    compatible: "nvidia,p3737-0000+p3701-0000\0nvidia,p3701-0000\0nvidia,tegra234\0",
    jetsonLinux:
      "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 01:49:37 UTC 2025\n",
    libraries: ["libnvinfer.so.10.3.0"],
  };
  const orin = {
    ...{ name: "NVIDIA Jetson AGX Orin Developer Kit", computeCapability: "8.7" },
    ...{ tensorrt: "10.3.0", driver: "R36.4.3" },
  };
  assert.equal(await machine(null, tree), orin);
  assert.equal(await machine("Orin (nvgpu), [N/A]\n", tree), orin);
});

test("what a machine does not say is unknown", async () => {
  const unknown = { name: "unknown", computeCapability: "unknown", tensorrt: "unknown", driver: "unknown" };
  assert.equal(await machine(null), unknown);
  assert.equal(await machine("No devices were found"), unknown);
});

test.run();
