/** Lines at once, then one a second: a sender of commands must not fill the disk of the log. */
const BURST = 100;
const SECOND_MS = 1_000;

/**
 * A limit on lines of the log.
 * @returns for each line null where it is left out, else how many were left out before it
 */
export function logLimit(monotonicMs: () => number): () => number | null {
  let tokens = BURST;
  let atMs = monotonicMs();
  let leftOut = 0;
  return () => {
    const nowMs = monotonicMs();
    tokens = Math.min(BURST, tokens + (nowMs - atMs) / SECOND_MS);
    atMs = nowMs;
    if (tokens < 1) {
      leftOut += 1;
      return null;
    }
    tokens -= 1;
    const before = leftOut;
    leftOut = 0;
    return before;
  };
}
