import { basename } from "node:path";
import type { MachineFigures } from "../contract/machine-health.js";
import type { MemoryHealth } from "../contract/payloads.js";
import { type AskDriver, askNvidiaSmi, type GpuFigures, gpuFigures } from "./nvidia-smi.js";
import { powerMode, railsW } from "./power.js";
import { addNamed, entriesOf, numberIn, numberOf, patiently, textOf } from "./readings.js";
import { cpuFrequency, throttling } from "./throttling.js";

/** The machine's own figures. */
export interface MachineHealth extends MachineFigures {
  readonly memory: MemoryHealth;
}

export interface MachineSources {
  /** Where /sys, /etc and /var are: "" here. */
  readonly root: string;
  readonly askDriver: AskDriver;
  readonly waitMs?: number;
}

const here: MachineSources = { root: "", askDriver: askNvidiaSmi };

/** A Jetson's GPU load in thousandths: Nano to Xavier, Orin with JetPack 5, with 6. A Thor's is its driver's. */
const GPU_LOADS = [
  "/sys/devices/gpu.0/load",
  "/sys/devices/platform/gpu.0/load",
  "/sys/devices/platform/17000000.ga10b/load",
  "/sys/devices/platform/bus@0/17000000.gpu/load",
] as const;

/** What a sensor in its right mind says: one that is off says -256. */
const COLDEST_C = -100;

/** How long what a kind of sensor says is waited for: health is sent without it then. */
const WAIT_MS = 4_500;

/** Measures the machine, each time that it is asked. Never rejects: what cannot be read, or hangs, is left out. */
export function machineMeter({
  root,
  askDriver,
  waitMs = WAIT_MS,
}: MachineSources = here): () => Promise<MachineHealth> {
  const meter = <Reading>(read: () => Promise<Reading>, left: Reading) => patiently(read, waitMs, left);
  const meters = {
    zones: meter(() => zoneTemperatures(root), {}),
    load: meter(() => jetsonGpuLoad(root), null),
    rails: meter(() => railsW(root), {}),
    mode: meter(() => powerMode(root), null),
    frequency: meter(() => cpuFrequency(root), null),
    slowed: meter(() => throttling(root), { reasons: [], events: {} }),
    gpus: meter(() => gpuFigures(askDriver), []),
    anonymous: meter(anonymousBytes, null),
  };
  return async () => {
    const { rss, heapUsed } = process.memoryUsage();
    const [zones, load, rails, mode, frequency, slowed, gpus, anonymous] = await Promise.all([
      meters.zones(),
      meters.load(),
      meters.rails(),
      meters.mode(),
      meters.frequency(),
      meters.slowed(),
      meters.gpus(),
      meters.anonymous(),
    ]);
    const anonymousMb = anonymous === null ? null : megabytes(anonymous);
    const loads = gpus.flatMap((gpu) => gpu.load ?? []);
    return {
      memory: { rssMb: megabytes(rss), anonymousMb, heapMb: megabytes(heapUsed) },
      temperaturesC: { ...zones, ...byGpu(gpus, (gpu) => gpu.temperatureC) },
      gpuLoad: load ?? (loads.length === 0 ? null : Math.max(...loads)),
      powerW: { ...rails, ...byGpu(gpus, (gpu) => gpu.powerW) },
      powerMode: mode,
      cpuFrequency: frequency,
      throttling: { ...slowed, reasons: [...new Set([...slowed.reasons, ...gpus.flatMap((gpu) => gpu.reasons)])] },
    };
  };
}

/** A figure of each GPU: `gpu`, or `gpu0`, `gpu1`, ... of several. */
function byGpu(gpus: readonly GpuFigures[], of: (gpu: GpuFigures) => number | null): Readonly<Record<string, number>> {
  const entries = gpus.flatMap((gpu, index) => {
    const value = of(gpu);
    return value === null ? [] : [[gpus.length === 1 ? "gpu" : `gpu${index}`, value] as const];
  });
  return Object.fromEntries(entries);
}

/** Linux's count; null elsewhere. */
async function anonymousBytes(): Promise<number | null> {
  const status = await textOf("/proc/self/status");
  const kib = numberIn(/^RssAnon:\s*(\d+) kB/m.exec(status ?? "")?.[1]);
  return kib === null ? null : kib * 1_024;
}

async function zoneTemperatures(root: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const zone of await entriesOf(`${root}/sys/class/thermal`, "thermal_zone")) {
    const milli = await numberOf(`${zone}/temp`);
    if (milli === null || milli / 1_000 < COLDEST_C) continue;
    addNamed(found, (await textOf(`${zone}/type`)) ?? basename(zone), basename(zone), milli / 1_000);
  }
  return found;
}

async function jetsonGpuLoad(root: string): Promise<number | null> {
  for (const file of GPU_LOADS) {
    const thousandths = await numberOf(`${root}${file}`);
    if (thousandths !== null) return thousandths / 1_000;
  }
  return null;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 104_857.6) / 10;
}
