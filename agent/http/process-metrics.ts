import { readdir, readFile } from "node:fs/promises";
import { mallocUse } from "../kit/allocator.js";
import { moment } from "../kit/clock.js";
import type { Instruments } from "./instruments.js";

/**
 * The process, under the names that Prometheus' client libraries share (prom-client's defaults among them), so that dashboards
 * made for any process show this one, too. What only Linux has is absent elsewhere.
 * @returns reads the figures anew
 */
export function processMetrics(make: Instruments): () => Promise<void> {
  const user = make.counter("process_cpu_user_seconds_total", "CPU time in user mode, all threads");
  const system = make.counter("process_cpu_system_seconds_total", "CPU time in the kernel, all threads");
  const cpu = make.counter("process_cpu_seconds_total", "CPU time, all threads");
  const start = make.gauge("process_start_time_seconds", "When the process started, since the epoch");
  const resident = make.gauge("process_resident_memory_bytes", "Resident memory");
  const heapTotal = make.gauge("nodejs_heap_size_total_bytes", "JavaScript heap, taken from the system");
  const heapUsed = make.gauge("nodejs_heap_size_used_bytes", "JavaScript heap, in use");
  const external = make.gauge("nodejs_external_memory_bytes", "Memory outside the heap that its objects hold");
  const buffers = make.gauge(
    "nodejs_array_buffers_bytes",
    "Memory of ArrayBuffers and Buffers, part of the external memory",
  );
  const malloc = mallocMetrics(make);
  const linux = process.platform === "linux" ? linuxMetrics(make) : async () => undefined;
  // By the clock as it is set now, and without its jitter.
  const started = moment({ wallMs: () => Date.now() - process.uptime() * 1_000, monotonicMs: () => 0 });
  return async () => {
    start.set(Math.round(started() / 1_000));
    for (const each of [user, system, cpu]) each.reset();
    const used = process.cpuUsage();
    user.inc(used.user / 1e6);
    system.inc(used.system / 1e6);
    cpu.inc((used.user + used.system) / 1e6);
    const memory = process.memoryUsage();
    resident.set(memory.rss);
    heapTotal.set(memory.heapTotal);
    heapUsed.set(memory.heapUsed);
    external.set(memory.external);
    buffers.set(memory.arrayBuffers);
    malloc();
    await linux();
  };
}

/** What is in use of malloc's memory tells a leak from what malloc keeps; NaN where the C library does not say. */
function mallocMetrics(make: Instruments): () => void {
  const inUse = make.gauge("retort_malloc_used_bytes", "Memory of C's malloc, in use");
  const free = make.gauge("retort_malloc_free_bytes", "Memory that C's malloc keeps for later, resident or not");
  const read = mallocUse();
  return () => {
    const use = read?.();
    inUse.set(use?.inUse ?? Number.NaN);
    free.set(use?.free ?? Number.NaN);
  };
}

/** proc(5). */
function linuxMetrics(make: Instruments): () => Promise<void> {
  const virtual = make.gauge("process_virtual_memory_bytes", "Address space");
  const data = make.gauge("process_heap_bytes", "Data segment, anonymous mappings included");
  const open = make.gauge("process_open_fds", "File descriptors that are open");
  const most = make.gauge("process_max_fds", "File descriptors that may be open");
  return async () => {
    const [status, limits, descriptors] = await Promise.all([
      textOf("/proc/self/status"),
      textOf("/proc/self/limits"),
      readdir("/proc/self/fd").catch(() => null),
    ]);
    const kibibytes = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(status)?.[1]);
    virtual.set(kibibytes("VmSize") * 1_024);
    data.set(kibibytes("VmData") * 1_024);
    open.set(descriptors?.length ?? Number.NaN);
    most.set(Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]));
  };
}

/** Empty where /proc is hidden from the agent: its figures are then NaN, the format's own word for unknown. */
function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
