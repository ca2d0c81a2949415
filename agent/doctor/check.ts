import type { Findings } from "../../config/problems.js";
import type { ErrorCode } from "../../errors.js";
import type { BundleCost } from "../../models/bundle/speed.js";

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
  /** Of a model that runs. */
  readonly cost?: BundleCost;
}

export function findingChecks({ problems, warnings }: Findings): readonly Check[] {
  return [
    ...problems.map((problem): Check => ({ level: "fail", ...problem })),
    ...warnings.map((warning): Check => ({ level: "note", ...warning })),
  ];
}

export function configChecks(findings: Findings): readonly Check[] {
  const well: Check = { level: "ok", code: "CONFIG_OK", path: "configuration", message: "valid", remedy: "" };
  return [...(findings.problems.length === 0 ? [well] : []), ...findingChecks(findings)];
}
