import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { machineMeter } from "../../agent/health/machine.js";
import type { AskDriver } from "../../agent/health/nvidia-smi.js";
import { temporaryFolder } from "../support/config.js";
import { machineTree } from "../support/machine-tree.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("the machine's figures");
const noDriver: AskDriver = () => Promise.reject(new Error("no driver"));
const board = async (name: string, askDriver: AskDriver = noDriver) =>
  machineMeter({ root: await machineTree(name), askDriver })();
/** A driver that says this for whatever is asked. */
const bare = (lines: string) => machineMeter({ root: "/nowhere", askDriver: () => Promise.resolve(lines) })();

test("an Orin Nano tells rails, mode, load, frequency and temperatures; a hot surface and a fan are no throttling", async () => {
  const figures = await board("orin-nano-jetpack-6");
  assert.equal(figures.powerW, { VDD_IN: 9.31, VDD_CPU_GPU_CV: 3.21, VDD_SOC: 1.605 });
  assert.is(figures.powerMode, "MAXN_SUPER");
  assert.is(figures.gpuLoad, 0.734);
  assert.is(figures.cpuFrequency, 0.75);
  assert.equal(figures.throttling, { reasons: [], events: { oc1: 0, oc2: 0, oc3: 27_390 } });
  assert.equal(figures.temperaturesC, {
    "cpu-thermal": 51.718,
    "gpu-thermal": 50.593,
    "soc0-thermal": 49.312,
    "tj-thermal": 51.718,
  });
});

test("a Thor that is too hot says what is slowed down, and its driver what sysfs does not", async () => {
  const figures = await board("agx-thor-jetpack-7", () => Promise.resolve("88, 108, [N/A], 0x0000000000000020\n"));
  assert.equal(figures.throttling.reasons, ["devfreq-gpu-gpc-0", "gpu-throttle-alert", "gpu-thermal-slowdown"]);
  assert.equal(figures.powerW, { VDD_GPU: 7.706, VDD_CPU_SOC_MSS: 11.558, VIN_SYS_5V0: 8.853 });
  assert.is(figures.gpuLoad, 0.88);
  assert.is(figures.temperaturesC.gpu, 108);
  assert.is(figures.powerMode, null);
});

test("JetPack 4 has its rails elsewhere, and a mode without a name is its number", async () => {
  const figures = await board("agx-xavier-jetpack-4");
  assert.equal(figures.powerW, { GPU: 1.23, CPU: 2.765, SYS5V: 3.068 });
  assert.is(figures.powerMode, "0");
  assert.is(figures.gpuLoad, 0.375);
  assert.equal(figures.temperaturesC, { "CPU-therm": 41.5 }, "a sensor that is off is no temperature");
});

test("discrete GPUs tell load, temperature, watts and why their clocks are low, each by its number", async () => {
  const figures = await bare("42, 61, 148.25, 0x0000000000000001\n97, 83, 349.90, 0x0000000000000044\n");
  assert.is(figures.gpuLoad, 0.97);
  assert.equal(figures.temperaturesC, { gpu0: 61, gpu1: 83 });
  assert.equal(figures.powerW, { gpu0: 148.25, gpu1: 349.9 });
  assert.equal(figures.throttling.reasons, ["gpu-power-cap", "gpu-hardware-thermal-slowdown"]);
});

test("idleness and clocks that somebody set are no throttling", async () => {
  assert.equal((await bare("0, 35, 12.5, 0x0000000000000003\n")).throttling.reasons, []);
});

test("an older driver is asked by the older name", async () => {
  const asked: string[] = [];
  const { gpuLoad } = await machineMeter({
    root: "/nowhere",
    askDriver: async (fields) => {
      asked.push(fields.at(-1)!);
      if (fields.includes("clocks_event_reasons.active")) throw new Error("not a valid field to query");
      return "42, 50, [Not Supported], [N/A]\n";
    },
  })();
  assert.is(gpuLoad, 0.42);
  assert.equal(asked, ["clocks_event_reasons.active", "clocks_throttle_reasons.active"]);
});

test("a driver that hangs is left out, and not asked again before it has answered", async () => {
  const asked: ((answer: string) => void)[] = [];
  const meter = machineMeter({
    root: await machineTree("orin-nano-jetpack-6"),
    askDriver: () => new Promise((answer) => asked.push(answer)),
    waitMs: 100,
  });
  for (let time = 0; time < 3; time += 1) assert.is((await meter()).powerW.VDD_IN, 9.31);
  assert.is(asked.length, 1);
  asked[0]!("97, 83, 349.90, 0x0\n");
  await until(() => {
    void meter();
    return asked.length === 2;
  }, "the next question");
});

test("a sensor that is a pipe, or larger than any sensor, holds nothing up", async () => {
  const root = await machineTree("orin-nano-jetpack-6");
  const status = join(root, "var/lib/nvpmodel/status");
  await rm(status);
  execFileSync("mkfifo", [status]);
  await writeFile(join(root, "etc/nvpmodel.conf"), "x".repeat(10_000_000));
  const { powerMode, powerW } = await machineMeter({ root, askDriver: noDriver, waitMs: 60_000 })();
  assert.equal([powerMode, powerW.VDD_IN], [null, 9.31]);
});

test("what nvidia-smi says beside its answer is no GPU", async () => {
  const { temperaturesC, powerW } = await bare(
    "WARNUNG: Treiber und Bibliothek passen nicht zusammen, siehe unten\n42, 61, 148.25, 0x1\n\nnvidia-smi: fertig\n",
  );
  assert.equal([temperaturesC, powerW], [{ gpu: 61 }, { gpu: 148.25 }]);
});

test("a machine that tells nothing is no error", async () => {
  const { memory, ...figures } = await machineMeter({ root: "/nowhere", askDriver: noDriver })();
  assert.equal(figures, {
    ...{ temperaturesC: {}, gpuLoad: null, powerW: {}, powerMode: null, cpuFrequency: null },
    throttling: { reasons: [], events: {} },
  });
  assert.ok(memory.rssMb > 10);
  assert.ok(memory.anonymousMb! > 10 && memory.anonymousMb! < memory.rssMb);
});

test("zones of one type keep their figures apart", async () => {
  const root = temporaryFolder();
  for (const [zone, temp] of [
    ["thermal_zone0", "41500"],
    ["thermal_zone10", "42000"],
  ] as const) {
    const dir = join(root, "sys/class/thermal", zone);
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, "type"), "cpu-thermal\n");
    await writeFile(join(dir, "temp"), `${temp}\n`);
  }
  const { temperaturesC } = await machineMeter({ root, askDriver: noDriver })();
  assert.equal(temperaturesC, { "cpu-thermal": 41.5, "cpu-thermal-thermal_zone10": 42 });
});

test.run();
