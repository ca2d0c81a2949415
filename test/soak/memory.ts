import { readFile } from "node:fs/promises";

/** What a process has of memory by kind, MB. */
export interface Sample {
  readonly uptimeS: number;
  /** What C's malloc holds, in use or free: the main heap, and arenas. */
  readonly malloc: number;
  /** Of no file besides: V8's heap above all, ONNX Runtime's arenas, stacks. */
  readonly other: number;
  /** Pages of files that the process maps: the kernel takes those back when it wants to. */
  readonly files: number;
  /** Of V8's heap in use, what waits for a collection included; NaN, as all below, where the agent does not say. */
  readonly heapUsed: number;
  /** Buffers outside of it: in use, or waiting for a collection, too. */
  readonly arrayBuffers: number;
  /** What malloc has in use besides those: libraries, models, queues of theirs. What grows here is a leak. */
  readonly native: number;
}

export type MemoryKind = Exclude<keyof Sample, "uptimeS">;
type Mapped = "malloc" | "other" | "files";

export interface Course {
  readonly first: number;
  readonly last: number;
  /** Least squares over what came after the warm-up, MB an hour. */
  readonly slopePerHour: number;
  /** The same over the last hour, or the second half where there is less. */
  readonly lateSlopePerHour: number;
  /** Of the least in each ten minutes of that hour: what comes and goes between two collections is no growth. Null in less than two hours. */
  readonly lateFloorSlopePerHour: number | null;
}

export interface Memory {
  readonly samples: number;
  readonly kinds: Readonly<Record<MemoryKind | "anonymous", Course>>;
}

const SAMPLE_EVERY_MS = 30_000;
/** A third of the time, ten minutes at most. */
const WARM_UP_S = 600;
const FLOOR_S = 600;
/** glibc's arenas but for the main one begin at multiples of this (HEAP_MAX_SIZE). */
const ARENA_BYTES = 0x4000000;

/** Looks at a process's memory every half minute until it is ended. */
export class MemoryRecord {
  readonly #samples: Sample[] = [];
  readonly #timer: NodeJS.Timeout;

  /** @param process its id and the port of its metrics; null where there is none at the moment */
  constructor(process: () => { readonly pid: number; readonly httpPort: number } | null) {
    const began = performance.now();
    const look = async (): Promise<void> => {
      const now = process();
      if (now === null) return;
      const [smaps, metrics] = await Promise.all([
        readFile(`/proc/${now.pid}/smaps`, "utf8"),
        // An agent that is stopped, or starts, has none.
        textAt(`http://127.0.0.1:${now.httpPort}/metrics`).catch(() => ""),
      ]);
      const uptimeS = (performance.now() - began) / 1_000;
      this.#samples.push({ uptimeS, ...kindsIn(smaps), ...figuresIn(metrics) });
    };
    this.#timer = setInterval(() => {
      look().catch((error: unknown) => console.log(`the memory of the agent cannot be read: ${String(error)}`));
    }, SAMPLE_EVERY_MS);
  }

  /** Null where it was too short for a slope. */
  end(): Memory | null {
    clearInterval(this.#timer);
    return memoryOf(this.#samples);
  }
}

export function memoryOf(samples: readonly Sample[]): Memory | null {
  const endS = samples.at(-1)?.uptimeS ?? 0;
  const warm = samples.filter(({ uptimeS }) => uptimeS > Math.min(WARM_UP_S, endS / 3));
  if (warm.length < 6) return null;
  const lateS = Math.max(endS - 3_600, endS / 2);
  const course = (value: (sample: Sample) => number): Course => {
    const points = warm.map((each): Point => [each.uptimeS / 3_600, value(each)]).filter(([, y]) => !Number.isNaN(y));
    const late = points.filter(([hours]) => hours * 3_600 > lateS);
    return {
      ...{ first: points[0]?.[1] ?? Number.NaN, last: points.at(-1)?.[1] ?? Number.NaN, slopePerHour: slopeOf(points) },
      ...{ lateSlopePerHour: slopeOf(late), lateFloorSlopePerHour: endS < 2 * 3_600 ? null : slopeOf(floorOf(late)) },
    };
  };
  const kinds = {
    malloc: course(({ malloc }) => malloc),
    other: course(({ other }) => other),
    files: course(({ files }) => files),
    anonymous: course(({ malloc, other }) => malloc + other),
    heapUsed: course(({ heapUsed }) => heapUsed),
    arrayBuffers: course(({ arrayBuffers }) => arrayBuffers),
    native: course(({ native }) => native),
  };
  return { samples: warm.length, kinds };
}

async function textAt(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  return response.text();
}

/** The figures of an agent's metrics. */
export function figuresIn(metrics: string): Pick<Sample, "heapUsed" | "arrayBuffers" | "native"> {
  const mb = (name: string): number =>
    Number(new RegExp(`^${name} (\\S+)$`, "m").exec(metrics)?.[1] ?? Number.NaN) / 1_048_576;
  const arrayBuffers = mb("nodejs_array_buffers_bytes");
  const native = mb("retort_malloc_used_bytes") - arrayBuffers;
  return { heapUsed: mb("nodejs_heap_size_used_bytes"), arrayBuffers, native };
}

/** The kinds in the text of Linux's smaps. */
export function kindsIn(smaps: string): Pick<Sample, Mapped> {
  const kib = { malloc: 0, other: 0, files: 0 };
  let kind: Mapped = "other";
  let arena = -1;
  for (const line of smaps.split("\n")) {
    const mapping = /^([0-9a-f]+)-[0-9a-f]+ \S+ \S+ \S+ \S+ *(.*)$/.exec(line);
    if (mapping !== null) {
      const [, start = "", name = ""] = mapping;
      const at = Number.parseInt(start, 16);
      // The rest of an arena, not in use so far, is a mapping of its own.
      if (name === "" && at % ARENA_BYTES === 0) arena = at;
      const isArena = name === "" && at - arena < ARENA_BYTES && at >= arena && arena >= 0;
      kind = name === "[heap]" || isArena ? "malloc" : name.startsWith("/") ? "files" : "other";
      continue;
    }
    const amount = /^(Rss|Anonymous): +(\d+) kB/.exec(line);
    if (amount === null) continue;
    const [, what, text] = amount;
    if (what === (kind === "files" ? "Rss" : "Anonymous")) kib[kind] += Number(text);
  }
  return { malloc: kib.malloc / 1_024, other: kib.other / 1_024, files: kib.files / 1_024 };
}

/** Hours, and MB. */
type Point = readonly [number, number];

/** The lowest point of each stretch of time. */
function floorOf(points: readonly Point[]): readonly Point[] {
  const least = new Map<number, Point>();
  for (const point of points) {
    const stretch = Math.floor((point[0] * 3_600) / FLOOR_S);
    if (point[1] < (least.get(stretch)?.[1] ?? Number.POSITIVE_INFINITY)) least.set(stretch, point);
  }
  return [...least.values()];
}

/** Least squares. */
function slopeOf(points: readonly Point[]): number {
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
