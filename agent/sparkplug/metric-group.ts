import type { Datatype, Metric, Value } from "./payload.js";

/** A value, and when it was taken; now, where that is not said. */
export interface Reading {
  readonly value: Value;
  readonly atMs?: number | undefined;
}

/** One metric of an edge node or a device. */
export interface MetricSource {
  readonly name: string;
  readonly datatype: Datatype;
  /** `paced`: at most so often as the configuration says; else as soon as it is another one. */
  readonly pace: "prompt" | "paced";
  readonly read: () => Reading;
  /** What a host's writing asks for; absent where it is only read. @returns null where it is no value for it */
  readonly write?: (value: Value) => Write | null;
}

/** A command of the agent's, and its arguments. */
export interface Write {
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The metrics of the edge node, or of one device: what was said of them, and what is to be said. */
export class MetricGroup {
  readonly #sources: readonly MetricSource[];
  readonly #firstAlias: number;
  #said: Value[] = [];

  /** @param firstAlias of the first of them; the others follow, and nobody else has those numbers */
  constructor(sources: readonly MetricSource[], firstAlias: number) {
    this.#sources = sources;
    this.#firstAlias = firstAlias;
  }

  /** All of them, with names, aliases and datatypes: from now on only changes are said. */
  birth(nowMs: number): readonly Metric[] {
    const readings = this.#sources.map(({ read }) => read());
    this.#said = readings.map(({ value }) => value);
    const metrics = this.#sources.map(({ name, datatype }, index) => ({
      ...{ name, datatype, alias: this.#firstAlias + index },
      ...takenAt(readings[index]!, nowMs),
    }));
    return inTime(metrics);
  }

  /** Those that are other than what was said last, in the order of their times; said with this. @param paced those of a pace, too */
  changes(nowMs: number, paced: boolean): readonly Metric[] {
    const changed = this.#sources.flatMap(({ datatype, pace, read }, index): Metric[] => {
      if (pace === "paced" && !paced) return [];
      const reading = read();
      if (reading.value === this.#said[index]) return [];
      this.#said[index] = reading.value;
      return [{ alias: this.#firstAlias + index, datatype, ...takenAt(reading, nowMs) }];
    });
    return inTime(changed);
  }

  /** Values of a moment that is over. */
  historical(values: Readonly<Record<string, Value>>, atMs: number): readonly Metric[] {
    return this.#sources.flatMap(({ name, datatype }, index): Metric[] => {
      const value = values[name];
      if (value === undefined) return [];
      const alias = this.#firstAlias + index;
      return [{ alias, datatype, timestampMs: atMs, value, isHistorical: true }];
    });
  }

  /** The one that a command means: by its alias, or by its name. */
  find({ name, alias }: { readonly name: string | null; readonly alias: number | null }): MetricSource | null {
    const byAlias = alias === null ? undefined : this.#sources[alias - this.#firstAlias];
    return byAlias ?? this.#sources.find((source) => source.name === name) ?? null;
  }
}

/** The oldest value first (Sparkplug 3.0, 5.13). */
function inTime(metrics: readonly Metric[]): readonly Metric[] {
  return metrics.toSorted((a, b) => a.timestampMs - b.timestampMs);
}

function takenAt({ value, atMs }: Reading, nowMs: number): Pick<Metric, "value" | "timestampMs"> {
  return { value, timestampMs: Math.round(atMs ?? nowMs) };
}
