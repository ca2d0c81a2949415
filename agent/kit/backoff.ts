/**
 * How long to wait before the next try: doubling from 250 ms, capped at 5 s, with jitter over its upper half, so that the
 * agents of a hall do not all come back in the same instant.
 * @param attempt from 1
 */
export function backoffMs(attempt: number, random: () => number): number {
  const full = Math.min(5_000, 250 * 2 ** Math.min(attempt - 1, 10));
  return full * (0.5 + random() / 2);
}
