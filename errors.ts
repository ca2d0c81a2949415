/**
 * The one error a user meets: a stable code, where it came from and what to do about it.
 * Tests assert codes, not prose.
 */
export class CodedError extends Error {
  /** Stable, upper snake case, for programs. */
  readonly code: string;
  /** The file, configuration path, tensor or topic that the fault belongs to. */
  readonly at: string | undefined;
  /** What the user can do, one sentence. */
  readonly remedy: string;

  constructor(code: string, message: string, details: { remedy: string; at?: string; cause?: unknown }) {
    super(message, { cause: details.cause });
    this.name = "CodedError";
    this.code = code;
    this.at = details.at;
    this.remedy = details.remedy;
  }
}

/** The text of any thrown value, for a `reason` or a log line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's own word for a failure, such as ENOENT: without the path that messageOf would tell. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
}
