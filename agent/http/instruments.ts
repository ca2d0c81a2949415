import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Makes what is measured; the only file that imports prom-client. */
export interface Instruments {
  /** Filled from the agent's own counts, which go up alone: reset and counted anew at each reading. */
  counter<T extends string>(name: string, help: string, labelNames?: readonly T[]): Counter<T>;
  gauge<T extends string>(name: string, help: string, labelNames?: readonly T[]): Gauge<T>;
  histogram<T extends string>(options: HistogramOptions<T>): Histogram<T>;
  readonly contentType: string;
  /** In Prometheus' text format. */
  text(): Promise<string>;
}

export interface HistogramOptions<T extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly T[];
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
}

export function openInstruments(): Instruments {
  const registry = new Registry();
  const registers = [registry];
  return {
    counter: (name, help, labelNames = []) => new Counter({ name, help, labelNames, registers }),
    gauge: (name, help, labelNames = []) => new Gauge({ name, help, labelNames, registers }),
    histogram: ({ buckets, ...options }) => new Histogram({ ...options, buckets: [...buckets], registers }),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
