import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Instruments } from "./instruments.js";

const RESOLUTION_MS = 10;

/** The process and its build. @param version of the agent */
export function processMetrics(make: Instruments, version: string): { read(): void; close(): void } {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const build = make.gauge("retort_build_info", "1", ["version", "node"]);
  build.set({ version, node: process.version }, 1);
  const delay = make.gauge("retort_event_loop_delay_seconds", "How late the event loop was since the last scrape", [
    "quantile",
  ]);
  const memory = make.gauge("retort_memory_bytes", "Memory of the process", ["kind"]);
  const cpu = make.counter("retort_cpu_seconds_total", "CPU time of the process, all threads");
  const uptime = make.gauge("retort_uptime_seconds", "Since the process started");
  const read = () => {
    // It records the time between two timers; an empty interval has no percentiles.
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) / 1_000;
    const seconds = (nanoseconds: number) => (delays.count === 0 ? 0 : late(nanoseconds));
    delay.set({ quantile: "0.5" }, seconds(delays.percentile(50)));
    delay.set({ quantile: "0.99" }, seconds(delays.percentile(99)));
    delay.set({ quantile: "1" }, seconds(delays.max));
    delays.reset();
    const { rss, heapUsed, external } = process.memoryUsage();
    memory.set({ kind: "rss" }, rss);
    memory.set({ kind: "heap" }, heapUsed);
    memory.set({ kind: "external" }, external);
    const { user, system } = process.cpuUsage();
    cpu.reset();
    cpu.inc((user + system) / 1e6);
    uptime.set(process.uptime());
  };
  return { read, close: () => void delays.disable() };
}
