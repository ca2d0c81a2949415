/**
 * The time that counts against `maxAgeHours`: how long an agent has run with this outbox, and so could have delivered. It goes
 * by the monotonic clock and is written down with every batch, so that neither a wall clock that jumps nor a machine that
 * was switched off over the holidays makes a message old.
 */
export interface RunningClock {
  nowMs(): number;
}

/** @param beforeMs what earlier runs wrote down */
export function runningClock(beforeMs: number, monotonicMs: () => number): RunningClock {
  const startedMs = monotonicMs();
  return { nowMs: () => beforeMs + Math.max(0, monotonicMs() - startedMs) };
}
