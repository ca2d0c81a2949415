/** The rules that ship for Prometheus, as they are written. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { packageRoot } from "../../config/package-root.js";

export const RULES_FOLDER = join(packageRoot(), "deploy/prometheus");
export const RULE_FILES = ["retort-recording.yml", "retort-alerts-line.yml", "retort-alerts-agent.yml"] as const;

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<"summary" | "description" | "remedy" | "runbook", string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly (RecordingRule | AlertRule)[];
}

export const ruleGroups: readonly RuleGroup[] = RULE_FILES.flatMap(
  (file) => (parse(readFileSync(join(RULES_FOLDER, file), "utf8")) as { readonly groups: readonly RuleGroup[] }).groups,
);
const rules = ruleGroups.flatMap((group) => group.rules);
export const alertRules = rules.filter((rule): rule is AlertRule => "alert" in rule);
export const recordingRules = rules.filter((rule): rule is RecordingRule => "record" in rule);

export const havePromtool = spawnSync("promtool", ["--version"]).error === undefined;
export const havePrometheus = spawnSync("prometheus", ["--version"]).error === undefined;

/** @returns the exit status, and all that it said */
export function promtool(args: readonly string[], options: { readonly cwd?: string; readonly input?: string } = {}) {
  const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8", ...options });
  return { status, said: stdout + stderr };
}
