const MINUTE_MS = 60_000;

/**
 * Reports each code once a minute at most: a full disk is met at every alert, and the log needs it once; the count is in health.
 * @param monotonicMs the clock
 */
export function rateLimited<Trouble extends { readonly code: string }>(
  report: (trouble: Trouble) => void,
  monotonicMs: () => number,
): (trouble: Trouble) => void {
  const reportedAtMs = new Map<string, number>();
  return (trouble) => {
    const last = reportedAtMs.get(trouble.code);
    if (last !== undefined && monotonicMs() - last < MINUTE_MS) return;
    reportedAtMs.set(trouble.code, monotonicMs());
    report(trouble);
  };
}
