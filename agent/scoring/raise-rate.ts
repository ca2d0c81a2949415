/** How often alerts are raised on the whole agent. More than an operator can take in is a flood (ISA-18.2, 16.5). */
export interface RaiseRate {
  raised(nowMs: number): void;
  /** Whether more than the limit were raised in the last minute. */
  over(nowMs: number): boolean;
  /** Whether it has fallen to half of the limit: a flood does not end and begin anew with every alert. */
  subsided(nowMs: number): boolean;
}

const WINDOW_MS = 60_000;

/** @param limit raised a minute; 0: no rate is a flood. Times are monotonic. */
export function raiseRate(limit: number): RaiseRate {
  /** The latest `limit` + 1, the oldest first. */
  const times: number[] = [];
  const within = (nowMs: number): number => {
    while (times.length > 0 && nowMs - times[0]! >= WINDOW_MS) times.shift();
    return times.length;
  };
  return {
    raised(nowMs) {
      if (limit === 0) return;
      times.push(nowMs);
      if (times.length > limit + 1) times.shift();
    },
    over: (nowMs) => limit > 0 && within(nowMs) > limit,
    subsided: (nowMs) => within(nowMs) <= limit / 2,
  };
}
