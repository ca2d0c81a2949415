import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { EngineHealth } from "../../agent/contract/provider-health.js";
import { fallbackFault } from "../../agent/inference/fallback.js";
import { loadModel } from "../../agent/inference/load.js";
import { hasNvidiaGpu } from "../../agent/inference/nvidia.js";
import type { ProviderReport } from "../../agent/inference/protocol.js";
import type { InferenceConfig } from "../../config/types.js";
import { CodedError } from "../../errors.js";
import { inferenceConfig, temporaryFolder } from "../support/config.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";

const test = suite("fallback");

const report = (used: string, ...refused: readonly string[]): ProviderReport => ({
  used,
  tried: [
    ...refused.map((provider) => ({ provider, taken: false, reason: "no library" })),
    { provider: used, taken: true, reason: "the best that works here" },
    { provider: "later", taken: false, reason: "not needed" },
  ],
});

test("where there is a GPU, falling back to the CPU is a fault that names each provider's reason", () => {
  const fault = fallbackFault(report("cpu", "tensorrt", "cuda"), "auto", true);
  assert.is(fault, "PROVIDER_NOT_USED: the model runs on cpu; tensorrt: no library; cuda: no library");
  assert.is(fallbackFault(report("cpu", "tensorrt", "cuda"), "auto", false), null);
  assert.is(fallbackFault(report("cuda", "tensorrt"), "auto", true), null);
  assert.is(fallbackFault(report("cpu"), "auto", true), null);
});

test("alarm makes any provider but the first a fault, allow none", () => {
  assert.match(
    fallbackFault(report("cuda", "tensorrt"), "alarm", false)!,
    "the model runs on cuda; tensorrt: no library",
  );
  assert.is(fallbackFault(report("cpu", "tensorrt", "cuda"), "allow", true), null);
});

const engine: EngineHealth = {
  ...{ state: "building-engine", ageS: 1, attempt: 1, failures: 0, failure: null, difference: null },
  step: "its engine is being built",
};

test("it is no fault that an engine is being built, and one that it cannot be had, whatever judges in its place", () => {
  const on =
    (used: string, ...refused: string[]) =>
    (of: Partial<EngineHealth>, mode: "auto" | "alarm" | "allow") =>
      fallbackFault({ ...report(used, ...refused), engine: { ...engine, ...of } }, mode, true);
  const cuda = on("cuda", "tensorrt");
  for (const pending of [{}, { failures: 2 }, { state: "not-built" }] as const) {
    assert.is(cuda(pending, "auto"), null);
    assert.is(cuda(pending, "alarm"), null);
  }
  for (const fault of [{ failures: 3 }, { state: "refused" }, { state: "failed" }] as const) {
    assert.match(cuda(fault, "auto")!, "runs on cuda; tensorrt: no library");
    assert.is(cuda(fault, "allow"), null);
  }
  // What else is wrong is so meanwhile, too.
  assert.is(on("cpu", "tensorrt", "cuda")({}, "auto"), "PROVIDER_NOT_USED: the model runs on cpu; cuda: no library");
});

async function load(providers: InferenceConfig["providers"], fallback: InferenceConfig["fallback"], gpu: boolean) {
  return loadModel(await writeTinyBundle(), {
    inference: inferenceConfig({ providers, fallback }),
    ...{ mostWaiting: 1, onRestart: () => undefined, gpu: async () => gpu },
  });
}

test("a model that fell back to the CPU says so in its report, and judges", async () => {
  const { engine } = await load(["tensorrt", "cpu"], "auto", true);
  const { used, fault } = engine.providers();
  await engine.close();
  assert.is(used, "cpu");
  assert.match(fault!, /^PROVIDER_NOT_USED: the model runs on cpu; tensorrt: ./);
});

test("where a fall-back is fatal the model is not run by another provider than the first", async () => {
  try {
    const { engine } = await load(["tensorrt", "cpu"], "fatal", false);
    await engine.close();
    assert.unreachable();
  } catch (error) {
    assert.ok(error instanceof CodedError);
    assert.is(error.code, "ENGINE_NO_PROVIDER");
    assert.match(error.message, /^tensorrt: /);
    assert.not.match(error.message, "cpu: ");
  }
});

/** What Linux tells of a machine: `compatible` of its device tree, and vendor and class of its devices. */
async function machine(compatible: string | null, devices: readonly (readonly [string, string])[]): Promise<string> {
  const root = temporaryFolder();
  const tree = join(root, "proc/device-tree");
  await mkdir(tree, { recursive: true });
  if (compatible !== null) await writeFile(join(tree, "compatible"), compatible);
  for (const [index, [vendor, kind]] of devices.entries()) {
    const device = join(root, "sys/bus/pci/devices", `0000:0${index}:00.0`);
    await mkdir(device, { recursive: true });
    await writeFile(join(device, "vendor"), `${vendor}\n`);
    await writeFile(join(device, "class"), `${kind}\n`);
  }
  return root;
}

test("a GPU is found without its driver: a Jetson by its board's name, a card by what it is on the bus", async () => {
  const orin = "nvidia,p3768-0000+p3767-0005\0nvidia,p3767-0005\0nvidia,tegra234\0";
  assert.ok(await hasNvidiaGpu(await machine(orin, [])));
  // An Intel host bridge, and a GPU without a connector.
  assert.ok(
    await hasNvidiaGpu(
      await machine(null, [
        ["0x8086", "0x060000"],
        ["0x10de", "0x030200"],
      ]),
    ),
  );
});

test("another maker's graphics and a card's sound are no GPU for the providers, and a machine may tell of nothing", async () => {
  const raspberry = "raspberrypi,5-model-b\0brcm,bcm2712\0";
  const devices = [
    ["0x8086", "0x030000"],
    ["0x10de", "0x040300"],
  ] as const;
  assert.not(await hasNvidiaGpu(await machine(raspberry, devices)));
  assert.not(await hasNvidiaGpu(await machine(null, [])));
});

test.run();
