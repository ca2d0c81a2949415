/** How long a thread that has work may say nothing before it is given up, in ms. */
export interface WatchdogLimits {
  /** The limit from the thread's start to the model being warm. @param firstMs what the first start took, null at the first itself */
  start(firstMs: number | null): number;
  /** The limit from one answer to the next. @param slowestMs the slowest of the warm-up's runs */
  run(slowestMs: number): number;
}

/**
 * An inference may take 20 times as long as the slowest of the warm-up, and 10 s in any case: other programs may have the
 * cores for a while. A first start may build an engine for the GPU, which takes minutes; the next one finds it built.
 */
export const watchdogLimits: WatchdogLimits = {
  start: (firstMs) => (firstMs === null ? 30 * 60_000 : Math.max(60_000, 5 * firstMs)),
  run: (slowestMs) => Math.max(10_000, 20 * slowestMs),
};

/** The clock and the timer. */
export interface Timing {
  readonly nowMs: () => number;
  /** Calls back once, after so long. @returns cancels it */
  readonly after: (ms: number, callback: () => void) => () => void;
}

const real: Timing = {
  nowMs: () => performance.now(),
  after: (ms, callback) => {
    // Not needed to keep the process alive: the thread at work does.
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** How late a timer must be for the whole process to have been held up: by a debugger, a suspended machine, a busy main thread. */
const LATE_MS = 1_000;

/** The watchdog of one thread: notices that it has work and does not answer. */
export interface Watchdog {
  /** To be called when the thread gets work, and when it has answered and has more. */
  working(): void;
  /** To be called when the thread has no more work. */
  resting(): void;
  end(): void;
}

/** @param onSilent called once, after `limitMs` of work without an answer */
export function createWatchdog(limitMs: number, onSilent: () => void, { nowMs, after }: Timing = real): Watchdog {
  let sinceMs: number | null = null;
  let cancel: (() => void) | null = null;
  // One timer runs on over many answers: setting one for each frame would cost more than the rest of an answer's work.
  const look = (inMs: number): void => {
    const dueMs = nowMs() + inMs;
    cancel = after(inMs, () => {
      cancel = null;
      if (sinceMs === null) return;
      // The answer may be there, and wait to be read by a process that was held up: the thread gets the whole time again.
      if (nowMs() - dueMs > LATE_MS) sinceMs = nowMs();
      const leftMs = sinceMs + limitMs - nowMs();
      if (leftMs > 0) look(leftMs);
      else onSilent();
    });
  };
  return {
    working: () => {
      sinceMs = nowMs();
      if (cancel === null) look(limitMs);
    },
    resting: () => {
      sinceMs = null;
    },
    end: () => {
      sinceMs = null;
      cancel?.();
      cancel = null;
    },
  };
}
