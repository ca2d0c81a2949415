import { CodedError, messageOf } from "../../errors.js";

/** What a user is told about a store that fails, whatever it said. */
export function troubleOf(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  return new CodedError("OUTBOX_FAILED", messageOf(error), {
    remedy: "Report this: it should not happen.",
    cause: error,
  });
}
