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
}

export type MemoryKind = Exclude<keyof Sample, "uptimeS">;

export interface Course {
  readonly first: number;
  readonly last: number;
  /** Least squares over what came after the warm-up, MB an hour. */
  readonly slopePerHour: number;
  /** The same over the last hour, or the second half where there is less. */
  readonly lateSlopePerHour: number;
}

export interface Memory {
  readonly samples: number;
  readonly kinds: Readonly<Record<MemoryKind | "anonymous", Course>>;
}

const SAMPLE_EVERY_MS = 30_000;
/** A third of the time, ten minutes at most. */
const WARM_UP_S = 600;
/** glibc's arenas but for the main one begin at multiples of this (HEAP_MAX_SIZE). */
const ARENA_BYTES = 0x4000000;

/** Looks at a process's memory every half minute until it is ended. */
export class MemoryRecord {
  readonly #samples: Sample[] = [];
  readonly #timer: NodeJS.Timeout;

  /** @param pid null where there is no process at the moment */
  constructor(pid: () => number | null) {
    const began = performance.now();
    this.#timer = setInterval(() => {
      const id = pid();
      if (id === null) return;
      readFile(`/proc/${id}/smaps`, "utf8").then(
        (smaps) => this.#samples.push({ uptimeS: (performance.now() - began) / 1_000, ...kindsIn(smaps) }),
        (error: unknown) => console.log(`the memory of ${id} cannot be read: ${String(error)}`),
      );
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
    const slope = (some: readonly Sample[]) => slopeOf(some.map((each) => [each.uptimeS / 3_600, value(each)]));
    return {
      ...{ first: value(warm[0]!), last: value(warm.at(-1)!), slopePerHour: slope(warm) },
      lateSlopePerHour: slope(warm.filter(({ uptimeS }) => uptimeS > lateS)),
    };
  };
  const kinds = {
    malloc: course(({ malloc }) => malloc),
    other: course(({ other }) => other),
    files: course(({ files }) => files),
    anonymous: course(({ malloc, other }) => malloc + other),
  };
  return { samples: warm.length, kinds };
}

/** The kinds in the text of Linux's smaps. */
export function kindsIn(smaps: string): Omit<Sample, "uptimeS"> {
  const kib = { malloc: 0, other: 0, files: 0 };
  let kind: MemoryKind = "other";
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

/** Least squares. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
