import { readFile } from "node:fs/promises";
import { outputOf } from "../kit/program.js";
import { numberIn } from "./readings.js";

/** Of one GPU; what its driver does not say is null. */
export interface GpuFigures {
  /** 0..1 */
  readonly load: number | null;
  readonly temperatureC: number | null;
  readonly powerW: number | null;
  /** Why its clocks are lower than they could be, by NVML's names. */
  readonly reasons: readonly string[];
}

/** Asks nvidia-smi for some fields, as CSV without a header or units; rejects where there is no driver, or it knows one of them not. */
export type AskDriver = (fields: readonly string[]) => Promise<string>;

export const askNvidiaSmi: AskDriver = async (fields) => {
  await readFile("/proc/driver/nvidia/version");
  const args = [`--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits"];
  return outputOf("nvidia-smi", args, { limitMs: 2_000 });
};

/** Bits of nvmlClocksEventReasons* that are a limit met; others are idleness and what somebody set (nvml.h). */
const REASONS: ReadonlyMap<bigint, string> = new Map([
  [0x4n, "gpu-power-cap"],
  [0x8n, "gpu-hardware-slowdown"],
  [0x20n, "gpu-thermal-slowdown"],
  [0x40n, "gpu-hardware-thermal-slowdown"],
  [0x80n, "gpu-power-brake"],
]);

const FIELDS = ["utilization.gpu", "temperature.gpu", "power.draw"] as const;
/** The name since driver 535, and the one before. */
const REASON_FIELDS = ["clocks_event_reasons.active", "clocks_throttle_reasons.active"] as const;

/** Every GPU that NVIDIA's driver has; none where there is no driver. Never rejects. */
export async function gpuFigures(ask: AskDriver): Promise<readonly GpuFigures[]> {
  for (const field of REASON_FIELDS) {
    const lines = await ask([...FIELDS, field]).catch(() => null);
    if (lines !== null)
      return (
        lines
          .split("\n")
          .map((line) => line.split(",").map((field) => field.trim()))
          // What it says beside its answer, of a driver that it does not match, say, has no such fields.
          .filter(({ length }) => length === FIELDS.length + 1)
          .map(figuresOf)
      );
  }
  return [];
}

function figuresOf([load, temperature, power, reasons]: readonly string[]): GpuFigures {
  const percent = numberIn(load);
  return {
    load: percent === null ? null : percent / 100,
    temperatureC: numberIn(temperature),
    powerW: numberIn(power),
    reasons: reasonsIn(reasons ?? ""),
  };
}

function reasonsIn(mask: string): readonly string[] {
  if (!/^0x[0-9a-f]+$/i.test(mask)) return [];
  const active = BigInt(mask);
  return [...REASONS].filter(([bit]) => (active & bit) !== 0n).map(([, name]) => name);
}
