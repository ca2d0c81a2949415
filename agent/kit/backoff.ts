/** The first wait and the longest. */
export interface BackoffRange {
  readonly firstMs: number;
  readonly mostMs: number;
}

const SECONDS: BackoffRange = { firstMs: 250, mostMs: 5_000 };

/**
 * How long to wait before the next try: doubling from 250 ms, capped at 5 s, unless another range is given; with jitter over its upper half, so
 * that the agents of a hall do not all come back in the same instant.
 * @param attempt from 1
 */
export function backoffMs(attempt: number, random: () => number, { firstMs, mostMs }: BackoffRange = SECONDS): number {
  const full = Math.min(mostMs, firstMs * 2 ** Math.min(attempt - 1, 20));
  return full * (0.5 + random() / 2);
}
