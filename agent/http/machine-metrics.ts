import { statfs } from "node:fs/promises";
import type { Instruments } from "./instruments.js";
import type { AgentView } from "./view.js";

/** The machine that the agent runs on: the disk of its state, its temperatures, its power, its GPU. @returns reads it anew */
export function machineMetrics({ config, machine }: AgentView, make: Instruments): () => Promise<void> {
  const free = make.gauge("retort_disk_free_bytes", "Room that the agent may use on the disk of its state");
  const size = make.gauge("retort_disk_size_bytes", "Size of that disk");
  const temperature = make.gauge("retort_temperature_celsius", "Temperature of each thermal zone", ["zone"]);
  const gpu = make.gauge("retort_gpu_load_ratio", "Load of the GPU, 0 to 1; NaN where there is none");
  const power = make.gauge("retort_power_watts", "Power by rail of the board's monitors, or by what draws it", [
    "rail",
  ]);
  const mode = make.gauge("retort_power_mode_info", "A Jetson's power mode", ["mode"]);
  const frequency = make.gauge(
    "retort_cpu_frequency_ratio",
    "The CPUs' frequency as a share of their highest; NaN where the kernel does not say",
  );
  const throttled = make.gauge("retort_throttled", "1 for each thing that slows the machine down", ["reason"]);
  const events = make.counter(
    "retort_power_events_total",
    "How often the supply was at its limit since the board's start",
    ["event"],
  );
  return async () => {
    // NaN where the file system does not say.
    const disk = await statfs(config.state.path).catch(() => null);
    free.set((disk?.bavail ?? Number.NaN) * (disk?.bsize ?? Number.NaN));
    size.set((disk?.blocks ?? Number.NaN) * (disk?.bsize ?? Number.NaN));
    // What a machine had and has no more is not told on.
    for (const instrument of [temperature, power, mode, throttled, events]) instrument.reset();
    const figures = machine();
    gpu.set(figures?.gpuLoad ?? Number.NaN);
    frequency.set(figures?.cpuFrequency ?? Number.NaN);
    if (figures === null) return;
    const { temperaturesC, powerW, powerMode, throttling } = figures;
    for (const [zone, celsius] of Object.entries(temperaturesC)) temperature.set({ zone }, celsius);
    for (const [rail, watts] of Object.entries(powerW)) power.set({ rail }, watts);
    if (powerMode !== null) mode.set({ mode: powerMode }, 1);
    for (const reason of throttling.reasons) throttled.set({ reason }, 1);
    for (const [event, count] of Object.entries(throttling.events)) events.inc({ event }, count);
  };
}
