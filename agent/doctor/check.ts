import type { Problem } from "../../config/problems.js";
import type { ErrorCode } from "../../errors.js";

/** One thing looked at. */
export interface Check {
  /** `note`: worth knowing, the agent runs without it. */
  readonly level: "ok" | "note" | "fail";
  readonly code: ErrorCode;
  /** The configuration's path that it belongs to, or the machine's part. */
  readonly path: string;
  readonly message: string;
  /** Empty where there is nothing to do. */
  readonly remedy: string;
}

export function configChecks(problems: readonly Problem[]): readonly Check[] {
  if (problems.length > 0) return problems.map((problem) => ({ level: "fail", ...problem }));
  return [{ level: "ok", code: "CONFIG_OK", path: "configuration", message: "valid", remedy: "" }];
}
