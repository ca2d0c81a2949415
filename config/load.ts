import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { messageOf } from "../errors.js";
import { conforms } from "./declare.js";
import { migrated } from "./migrations.js";
import { withAssignments, withEnvironment } from "./overrides.js";
import { packageRoot } from "./package-root.js";
import { type Base, withAbsolutePaths } from "./paths.js";
import type { Findings, Problem } from "./problems.js";
import { brokenRules, dottedNames } from "./rules.js";
import { schema } from "./schema.js";
import { textIn } from "./text-file.js";
import { isTree, type Tree } from "./tree.js";
import type { Config } from "./types.js";
import { validate } from "./validate.js";
import { readYaml } from "./yaml.js";

export interface ConfigLayers {
  /** A YAML file; without one the agent runs its demo. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `path=value`, as given to --set. */
  readonly set: readonly string[];
}

/** The machine, as far as a configuration depends on it. */
export interface ConfigMachine {
  readonly hostname: string;
  /** Relative paths of the environment and the command line begin here. */
  readonly cwd: string;
  readonly packageRoot: string;
  /** Throws where there is no such file, or it is no text. */
  readonly readText: (path: string) => string;
  readonly exists: (path: string) => boolean;
}

export interface Checked extends Findings {
  /** Absent while there are problems. */
  readonly config?: Config;
}

function thisMachine(): ConfigMachine {
  return {
    hostname: hostname(),
    cwd: process.cwd(),
    packageRoot: packageRoot(),
    readText: (path) => textIn(readFileSync(path)),
    exists: existsSync,
  };
}

/** Defaults < file < environment < command line, checked, paths made absolute; never throws for what a user wrote. */
export function checkConfig(layers: ConfigLayers, machine: ConfigMachine = thisMachine()): Checked {
  const base = (folder: string): Base => ({ ...machine, folder });
  const started = base(machine.cwd);
  const named = layers.file === undefined ? null : resolve(machine.cwd, layers.file);
  const file = named ?? join(machine.packageRoot, "config/default.yaml");
  const read = readTree(file, machine);
  if (read.problems.length > 0) return { problems: read.problems, warnings: [] };

  const beside = base(dirname(file));
  const { tree, problems: ofVersion, warnings } = migrated(read.tree, { beside, started });
  const anchored = withAbsolutePaths(schema, tree, beside);
  const fromEnvironment = withEnvironment(isTree(anchored) ? anchored : tree, layers.env, started);
  const fromCommandLine = withAssignments(fromEnvironment.tree, layers.set, started);
  const { value, problems: invalid } = validate(schema, fromCommandLine.tree, machine.hostname);
  const problems = [...ofVersion, ...fromEnvironment.problems, ...fromCommandLine.problems, ...invalid];
  if (problems.length > 0) return { problems, warnings };

  // What is still relative is a default: it begins at the file, and with the demo, which has none, at the working directory.
  const own = named === null ? started : beside;
  const config = withAbsolutePaths(schema, value, own);
  if (!conforms(schema, config)) throw new Error("what was validated is not of the form that was declared");
  const broken = [...stateInRoot(value, config), ...brokenRules(config)];
  if (broken.length > 0) return { problems: broken, warnings };
  return { config, problems: [], warnings: [...warnings, ...dottedNames(config)] };
}

/** Started in `/`, by a service or in a container, the agent would make its folder there, and nobody has asked for that. */
function stateInRoot(value: unknown, { state }: Config): readonly Problem[] {
  const { path } = isTree(value) && isTree(value.state) ? value.state : {};
  if (typeof path !== "string" || isAbsolute(path) || dirname(state.path) !== "/") return [];
  return [
    {
      code: "CONFIG_CONFLICT",
      path: "state.path",
      message: `would be ${state.path}, in the root of the file system`,
      remedy: "Give it whole, such as --set state.path=/var/lib/retort, or start the agent in another folder.",
    },
  ];
}

interface Read {
  readonly tree: Tree;
  readonly problems: readonly Problem[];
}

function readTree(path: string, machine: ConfigMachine): Read {
  const refused = (problem: Pick<Problem, "code" | "message" | "remedy">, at = path): Read => {
    return { tree: {}, problems: [{ ...problem, path: at }] };
  };
  let text: string;
  try {
    text = machine.readText(path);
  } catch (error) {
    const system = error instanceof Error && "code" in error;
    const remedy = system
      ? "Check the path after --config and the file's permissions."
      : "Save it as plain text in UTF-8.";
    return refused({ code: "CONFIG_FILE_UNREADABLE", message: `cannot be read: ${messageOf(error)}`, remedy });
  }
  const { value, faults } = readYaml(text);
  const problems = faults.map(({ message, at }): Problem => {
    return { code: "CONFIG_SYNTAX", path: at === null ? path : `${path}:${at}`, message, remedy: "Correct the YAML." };
  });
  if (problems.length > 0) return { tree: {}, problems };
  const remedy = "Give it models and cameras, as config/example.yaml does; without --config the demo runs.";
  if (value === null || value === undefined) return refused({ code: "CONFIG_SYNTAX", message: "is empty", remedy });
  return isTree(value)
    ? { tree: value, problems }
    : refused({ code: "CONFIG_SYNTAX", message: "is not a mapping", remedy });
}
