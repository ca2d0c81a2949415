const EVERY_MS = 60_000;

/** A log that says the same kind of thing once a minute at most; the counts in `health` tell the rest. */
export function sparingly(say: (text: string) => void, nowMs: () => number): (kind: string, text: string) => void {
  const saidAtMs = new Map<string, number>();
  return (kind, text) => {
    const before = saidAtMs.get(kind);
    if (before !== undefined && nowMs() - before < EVERY_MS) return;
    saidAtMs.set(kind, nowMs());
    say(text);
  };
}
