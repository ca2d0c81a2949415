/** A disk that is full says so at every alert; once a minute of each code is enough for the log, the count is in health. */
export function onceAMinute<T extends { readonly code: string }>(
  tell: (trouble: T) => void,
  monotonicMs: () => number,
): (trouble: T) => void {
  const toldAtMs = new Map<string, number>();
  return (trouble) => {
    const last = toldAtMs.get(trouble.code);
    if (last !== undefined && monotonicMs() - last < 60_000) return;
    toldAtMs.set(trouble.code, monotonicMs());
    tell(trouble);
  };
}
