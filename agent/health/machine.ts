import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { MemoryHealth } from "../contract/payloads.js";

/** The machine's own figures. */
export interface MachineHealth {
  readonly memory: MemoryHealth;
  /** Degrees Celsius by thermal zone; empty where the machine has none. */
  readonly temperaturesC: Readonly<Record<string, number>>;
  /** 0..1, null where the machine has none. */
  readonly gpuLoad: number | null;
}

export interface MachineSources {
  /** Linux: a folder of thermal_zone<n>/{type,temp}. */
  readonly thermalDir: string;
  /** Files with the GPU's load in thousandths: Jetson Nano to Xavier, then Orin. */
  readonly gpuLoadFiles: readonly string[];
  /** The load in percent of a discrete NVIDIA GPU; rejects where there is none. */
  readonly nvidiaLoad: () => Promise<string>;
}

const here: MachineSources = {
  thermalDir: "/sys/class/thermal",
  gpuLoadFiles: [
    "/sys/devices/gpu.0/load",
    "/sys/devices/platform/gpu.0/load",
    "/sys/devices/platform/bus@0/17000000.gpu/load",
  ],
  nvidiaLoad: async () => {
    await readFile("/proc/driver/nvidia/version");
    const query = ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"];
    return (await promisify(execFile)("nvidia-smi", query, { timeout: 2_000 })).stdout;
  },
};

/** Never rejects: what cannot be read is left out. */
export async function machineHealth(sources: MachineSources = here): Promise<MachineHealth> {
  const { rss, heapUsed } = process.memoryUsage();
  const [temperaturesC, gpuLoad, anonymous] = await Promise.all([
    temperatures(sources.thermalDir),
    gpuLoadOf(sources),
    anonymousBytes(),
  ]);
  const anonymousMb = anonymous === null ? null : megabytes(anonymous);
  return { memory: { rssMb: megabytes(rss), anonymousMb, heapMb: megabytes(heapUsed) }, temperaturesC, gpuLoad };
}

/** Linux's count; null elsewhere. */
async function anonymousBytes(): Promise<number | null> {
  const status = await orNull(readFile("/proc/self/status", "utf8"));
  const kib = numberIn(/^RssAnon:\s*(\d+) kB/m.exec(status ?? "")?.[1] ?? null);
  return kib === null ? null : kib * 1_024;
}

async function temperatures(dir: string): Promise<Record<string, number>> {
  const zones = (await orNull(readdir(dir)))?.filter((name) => name.startsWith("thermal_zone")).sort() ?? [];
  const found: Record<string, number> = {};
  for (const zone of zones) {
    const name = (await orNull(readFile(`${dir}/${zone}/type`, "utf8")))?.trim() ?? zone;
    const milli = Number((await orNull(readFile(`${dir}/${zone}/temp`, "utf8"))) ?? Number.NaN);
    // Several zones may be of one type.
    if (Number.isFinite(milli)) found[name in found ? `${name}-${zone}` : name] = milli / 1_000;
  }
  return found;
}

async function gpuLoadOf(sources: MachineSources): Promise<number | null> {
  for (const file of sources.gpuLoadFiles) {
    const thousandths = numberIn(await orNull(readFile(file, "utf8")));
    if (thousandths !== null) return thousandths / 1_000;
  }
  const percent = numberIn(await orNull(sources.nvidiaLoad()));
  return percent === null ? null : percent / 100;
}

function numberIn(text: string | null): number | null {
  const value = Number.parseFloat(text ?? "");
  return Number.isFinite(value) ? value : null;
}

/** An absent sensor is this machine's nature, not a fault. */
function orNull<T>(reading: Promise<T>): Promise<T | null> {
  return reading.catch(() => null);
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 104_857.6) / 10;
}
