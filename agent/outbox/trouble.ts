import { CodedError, messageOf } from "../errors.js";

/** What a user is told about a store that fails, whatever it said. */
export function troubleOf(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  return new CodedError("OUTBOX_FAILED", messageOf(error), {
    remedy: "Report this: it should not happen.",
    cause: error,
  });
}

/** A disk that is full says so at every alert; once a minute is enough for the log, the count of it is in health. */
export function onceAMinute(
  tell: (trouble: CodedError) => void,
  monotonicMs: () => number,
): (trouble: CodedError) => void {
  const toldAtMs = new Map<string, number>();
  return (trouble) => {
    const last = toldAtMs.get(trouble.code);
    if (last !== undefined && monotonicMs() - last < 60_000) return;
    toldAtMs.set(trouble.code, monotonicMs());
    tell(trouble);
  };
}
