/** Names the pictures that cannot be read, in the log; how many they are is in `health`. */

/** Of one camera in a minute: a folder may hold thousands. */
const MOST_A_MINUTE = 10;
const MINUTE_MS = 60_000;
/** A folder that is played again and again has the same ones again. */
const SAME_AFTER_MS = 3_600_000;
const MOST_REMEMBERED = 1_000;

/** @param log is given a text for each picture, and for each minute in which there were more @param monotonicMs the clock */
export function unreadableLog(log: (text: string) => void, monotonicMs: () => number): (text: string) => void {
  const loggedAtMs = new Map<string, number>();
  let minuteFromMs = Number.NEGATIVE_INFINITY;
  let inMinute = 0;
  return (text) => {
    const nowMs = monotonicMs();
    if (nowMs - minuteFromMs >= MINUTE_MS) {
      const unnamed = inMinute - MOST_A_MINUTE;
      if (unnamed > 0) log(`${unnamed} more pictures could not be read`);
      minuteFromMs = nowMs;
      inMinute = 0;
    }
    const last = loggedAtMs.get(text);
    if (last !== undefined && nowMs - last < SAME_AFTER_MS) return;
    inMinute += 1;
    if (inMinute > MOST_A_MINUTE) return;
    loggedAtMs.delete(text);
    loggedAtMs.set(text, nowMs);
    for (const oldest of loggedAtMs.keys()) {
      if (loggedAtMs.size <= MOST_REMEMBERED) break;
      loggedAtMs.delete(oldest);
    }
    log(text);
  };
}
