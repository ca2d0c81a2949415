import type { ThrottlingHealth } from "../contract/machine-health.js";
import { entriesOf, numberOf, textOf } from "./readings.js";

/**
 * Cooling devices that slow the machine down; others are fans, screens and, on a Jetson, `hot-surface-alert`, which warns hands and
 * lowers no clock.
 */
const SLOWS = /throttle-alert$|^(thermal-)?(cpufreq|devfreq)-|^Processor$|^intel_powerclamp$/;

/** Why the machine runs slower than it could, and how often its supply was at its limit. Never rejects. @param root where /sys is */
export async function throttling(root: string): Promise<ThrottlingHealth> {
  const reasons: string[] = [];
  for (const device of await entriesOf(`${root}/sys/class/thermal`, "cooling_device")) {
    const type = await textOf(`${device}/type`);
    if (type === null || !SLOWS.test(type)) continue;
    if (((await numberOf(`${device}/cur_state`)) ?? 0) > 0) reasons.push(type);
  }
  return { reasons: [...new Set(reasons)].sort(), events: await overCurrents(root) };
}

/**
 * Since the board's start. Orin: oc1 under-voltage, oc2 average and oc3 instantaneous over-current (Jetson Linux Developer Guide, "Jetson Orin
 * Nano Series, Jetson Orin NX Series and Jetson AGX Orin Series", r36).
 */
async function overCurrents(root: string): Promise<Readonly<Record<string, number>>> {
  const events: Record<string, number> = {};
  for (const hwmon of await entriesOf(`${root}/sys/class/hwmon`, "hwmon")) {
    if ((await textOf(`${hwmon}/name`)) !== "soctherm_oc") continue;
    for (const event of ["oc1", "oc2", "oc3"]) {
      const count = await numberOf(`${hwmon}/${event}_event_cnt`);
      if (count !== null) events[event] = count;
    }
  }
  return events;
}

/** The CPUs' frequency as a share of their highest, 0..1; null where the kernel does not say. */
export async function cpuFrequency(root: string): Promise<number | null> {
  const shares: number[] = [];
  for (const policy of await entriesOf(`${root}/sys/devices/system/cpu/cpufreq`, "policy")) {
    const now = await numberOf(`${policy}/scaling_cur_freq`);
    const highest = await numberOf(`${policy}/cpuinfo_max_freq`);
    if (now !== null && highest !== null && highest > 0) shares.push(Math.min(1, now / highest));
  }
  if (shares.length === 0) return null;
  return Math.round((shares.reduce((sum, share) => sum + share, 0) / shares.length) * 1_000) / 1_000;
}
