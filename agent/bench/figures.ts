import { percentile } from "../health/ledger.js";

export interface Spread {
  readonly p50: number;
  readonly p99: number;
}

export interface Tail extends Spread {
  /** Null of fewer than 1,000 samples: it would be the worst of them, whatever that was. */
  readonly p999: number | null;
}

const LEAST_FOR_P999 = 1_000;

export function spread(samples: readonly number[]): Spread {
  const { p50, p99 } = tail(samples);
  return { p50, p99 };
}

/** The percentiles of latencies in milliseconds, rounded; NaN where there are none. */
export function tail(samples: readonly number[]): Tail {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => (sorted.length === 0 ? Number.NaN : round(percentile(sorted, share)));
  return { p50: at(0.5), p99: at(0.99), p999: sorted.length < LEAST_FOR_P999 ? null : at(0.999) };
}

export function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
