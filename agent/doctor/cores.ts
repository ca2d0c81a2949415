import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { Config } from "../../config/types.js";
import { errorCodes } from "../../errors.js";
import { threadPoolSizeFor } from "../capture/thread-pool.js";
import type { Check } from "./check.js";

/** The machine, as far as threads depend on it. */
export interface CoreMachine {
  readonly cores: number;
  /** Of libuv's pool. */
  readonly poolSize: number;
  /** A file of /sys, rejects where there is none. */
  readonly read: (path: string) => Promise<string>;
}

const here = (): CoreMachine => ({
  cores: availableParallelism(),
  poolSize: Number(process.env.UV_THREADPOOL_SIZE ?? 4),
  read: (path) => readFile(path, "utf8"),
});

/** Whether inference has the cores that it takes, and cameras the threads that they wait in; never rejects. */
export async function coreChecks(
  { cameras, models, inference }: Pick<Config, "cameras" | "models" | "inference">,
  machine: CoreMachine = here(),
): Promise<readonly Check[]> {
  const enabled = cameras.filter((camera) => camera.enabled);
  const inUse = new Set(enabled.map(({ model }) => model).filter((model) => model in models)).size;
  return [
    inferenceCheck(inUse, inference.threads, machine.cores, await allowedCores(machine)),
    poolCheck(cameras.length, machine.poolSize),
    ...(await governorChecks(machine)),
  ];
}

function inferenceCheck(models: number, threads: number, cores: number, allowed: number): Check {
  const path = "inference.threads";
  const each = threads > 0 ? threads : cores;
  const limit = allowed < cores ? `, of which this container may use ${Number(allowed.toPrecision(3))}` : "";
  const what = `${models} model${models === 1 ? "" : "s"} with ${each} thread${each === 1 ? "" : "s"}${models === 1 ? "" : " each"}`;
  const message = `${what} on ${cores} core${cores === 1 ? "" : "s"}${limit}`;
  if (models * each <= Math.max(1, allowed)) return { level: "ok", code: "CORES_OK", path, message, remedy: "" };
  const fitting = Math.max(1, Math.floor(allowed / Math.max(1, models)));
  // With one thread each there is nothing left to set.
  if (each <= fitting) return { level: "ok", code: "CORES_OK", path, message, remedy: "" };
  const remedy = `Set inference.threads to ${fitting}: on the CPU, threads without a core of their own hold each other up.`;
  return { level: "note", code: "CORES_CROWDED", path, message, remedy };
}

/** By the control group's limit (cgroup v2, cpu.max), which neither Node nor ONNX Runtime looks at. */
async function allowedCores({ cores, read }: CoreMachine): Promise<number> {
  const text = await read("/sys/fs/cgroup/cpu.max").catch(() => "");
  const [, quota, period] = /^(\d+) (\d+)\s*$/.exec(text) ?? [];
  const share = Number(quota) / Number(period);
  return share > 0 ? Math.min(cores, share) : cores;
}

function poolCheck(cameras: number, size: number): Check {
  const path = "thread pool";
  const needed = threadPoolSizeFor(cameras);
  const message = `${size} threads, ${needed} needed by ${cameras} camera${cameras === 1 ? "" : "s"}`;
  if (size >= needed) return { level: "ok", code: "POOL_OK", path, message, remedy: "" };
  return {
    level: "note",
    code: "POOL_SMALL",
    path,
    message,
    remedy: `Start the agent with UV_THREADPOOL_SIZE=${needed}.`,
  };
}

/** A clock frequency that is kept low; drivers that choose by themselves have a `powersave` that is none. */
async function governorChecks({ read }: CoreMachine): Promise<readonly Check[]> {
  const folder = "/sys/devices/system/cpu/cpu0/cpufreq";
  const [governor, driver] = await Promise.all(
    ["scaling_governor", "scaling_driver"].map((name) => read(`${folder}/${name}`).catch(() => "")),
  );
  if (governor?.trim() !== "powersave" || /pstate/.test(driver ?? "")) return [];
  const { remedy } = errorCodes.CPU_SAVING;
  return [
    {
      level: "note",
      code: "CPU_SAVING",
      path: "CPU",
      message: "its governor is powersave: it keeps to its lowest frequency",
      remedy,
    },
  ];
}
