import { statfs } from "node:fs/promises";
import type { Instruments } from "./instruments.js";
import type { AgentView } from "./view.js";

/** The machine that the agent runs on: the disk of its state, its temperatures, its GPU. @returns reads it anew */
export function machineMetrics({ config, machine }: AgentView, make: Instruments): () => Promise<void> {
  const free = make.gauge("retort_disk_free_bytes", "Room that the agent may use on the disk of its state");
  const size = make.gauge("retort_disk_size_bytes", "Size of that disk");
  const temperature = make.gauge("retort_temperature_celsius", "Temperature of each thermal zone", ["zone"]);
  const gpu = make.gauge("retort_gpu_load_ratio", "Load of the GPU, 0 to 1; NaN where there is none");
  return async () => {
    // NaN where the file system does not say.
    const disk = await statfs(config.state.path).catch(() => null);
    free.set((disk?.bavail ?? Number.NaN) * (disk?.bsize ?? Number.NaN));
    size.set((disk?.blocks ?? Number.NaN) * (disk?.bsize ?? Number.NaN));
    const { temperaturesC = {}, gpuLoad = null } = machine() ?? {};
    for (const [zone, celsius] of Object.entries(temperaturesC)) temperature.set({ zone }, celsius);
    gpu.set(gpuLoad ?? Number.NaN);
  };
}
