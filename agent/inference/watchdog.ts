/** How long a thread that has work may say nothing before it is given up, in ms. */
export interface SilenceLimits {
  /** From its start to the model being warm. @param firstMs what the first start took, null at the first itself */
  start(firstMs: number | null): number;
  /** From one answer to the next. @param slowestMs of the warm-up's runs */
  run(slowestMs: number): number;
}

/**
 * An inference may take 20 times as long as the slowest of the warm-up, and 10 s in any case: other programs may have the
 * cores for a while. A first start may build an engine for the GPU, which takes minutes; the next one finds it built.
 */
export const silenceLimits: SilenceLimits = {
  start: (firstMs) => (firstMs === null ? 30 * 60_000 : Math.max(60_000, 5 * firstMs)),
  run: (slowestMs) => Math.max(10_000, 20 * slowestMs),
};

/** The two effects that time is made of. */
export interface Timing {
  readonly nowMs: () => number;
  /** Calls back once; yields how to prevent that. */
  readonly after: (ms: number, callback: () => void) => () => void;
}

const real: Timing = {
  nowMs: () => performance.now(),
  after: (ms, callback) => {
    // A thread at work holds the process by itself.
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** A timer that is this late was held up with the whole process: by a debugger, a suspended machine, a busy main thread. */
const LATE_MS = 1_000;

/** Notices that a thread with work says nothing. */
export interface SilenceWatch {
  /** It has work from now on, or has just answered and has more. */
  working(): void;
  resting(): void;
  end(): void;
}

/** @param onSilent once, after `limitMs` of work without an answer */
export function watchSilence(limitMs: number, onSilent: () => void, { nowMs, after }: Timing = real): SilenceWatch {
  let sinceMs: number | null = null;
  let cancel: (() => void) | null = null;
  // One timer runs on over many answers: to set one anew for each frame would cost more than the answer's work.
  const look = (inMs: number): void => {
    const dueMs = nowMs() + inMs;
    cancel = after(inMs, () => {
      cancel = null;
      if (sinceMs === null) return;
      // Its answer may wait to be read: what stopped this process is not the thread's silence.
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
