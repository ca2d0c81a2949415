import { CodedError, type ErrorCode } from "../errors.js";

/** One thing that is wrong with a configuration, or that somebody should know about it. */
export interface Problem {
  readonly code: ErrorCode;
  /** As in `cameras.cam1.source.path`, which `--set` takes; the name of a file or a variable where there is no path. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** What was found: problems keep the agent from starting, warnings do not. */
export interface Findings {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

export const nothingFound: Findings = { problems: [], warnings: [] };

export function allFindings(...each: readonly Findings[]): Findings {
  return { problems: each.flatMap(({ problems }) => problems), warnings: each.flatMap(({ warnings }) => warnings) };
}

/** Every problem at once. */
export class ConfigError extends CodedError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(({ code, path, message, remedy }) => `${path}: ${message}. ${remedy} (${code})`);
    super("CONFIG_INVALID", lines.join("\n"), { at: problems[0]?.path ?? "" });
    this.name = "ConfigError";
    this.problems = problems;
  }
}
