import { CodedError } from "../errors.js";

/** One thing that is wrong with a configuration. */
export interface Problem {
  readonly code: ProblemCode;
  /** As in `cameras.0.source.path`; the name of a file or a variable where there is no path. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

export type ProblemCode =
  | "CONFIG_FILE_UNREADABLE"
  | "CONFIG_SYNTAX"
  | "CONFIG_KEY_UNKNOWN"
  | "CONFIG_VALUE_INVALID"
  | "CONFIG_VALUE_MISSING"
  | "CONFIG_REFERENCE_UNKNOWN"
  | "CONFIG_CONFLICT"
  | "CONFIG_PATH_MISSING";

/** Every problem at once. */
export class ConfigError extends CodedError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(({ path, message, remedy }) => `${path}: ${message}. ${remedy}`);
    super("CONFIG_INVALID", lines.join("\n"), {
      remedy: "Correct the configuration; `retort check` shows what is wrong with it.",
      at: problems[0]?.path ?? "",
    });
    this.name = "ConfigError";
    this.problems = problems;
  }
}
