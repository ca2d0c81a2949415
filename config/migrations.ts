import { resolve } from "node:path";
import { setting } from "./declare.js";
import { integer } from "./formats.js";
import { absolutePath, type Base, type NamedPath, pathsIn } from "./paths.js";
import type { Problem } from "./problems.js";
import { schema } from "./schema.js";
import { assign, isTree, type Tree } from "./tree.js";

/** What a migration may look at. */
export interface Surroundings {
  /** The folder of the file, where its relative paths begin. */
  readonly beside: Base;
  /** The folder that the agent was started in. */
  readonly started: Base;
}

interface Migrated {
  readonly tree: Tree;
  readonly warnings: readonly Problem[];
}

interface Migration {
  /** What changed, for people. */
  readonly what: string;
  /** From the version before to this one. A tree that is not checked yet may have any shape. */
  readonly migrate: (tree: Tree, surroundings: Surroundings) => Migrated;
}

/** Entry 0 makes version 1 of a file without a version, entry 1 makes version 2, and so on. A file is read by all that it lacks. */
export const migrations: readonly Migration[] = [
  {
    what: "relative paths begin at the file that names them; before, at the folder that the agent was started in",
    migrate: keepPathsThatLedSomewhere,
  },
];

/** Stands in the file alone: neither variables nor --set have a version. */
export const versionSetting = setting(
  migrations.length,
  integer(1, migrations.length),
  "the form of this file; one without it is read as before version 1: see Versions",
);

/** @returns the tree in the newest form, without its version */
export function migrated(tree: Tree, surroundings: Surroundings): Migrated & { readonly problems: readonly Problem[] } {
  const { version, ...rest } = tree;
  if (version !== undefined && !versionSetting.format.accepts(version)) {
    const message = `must be ${versionSetting.format.expected}, not ${JSON.stringify(version)}`;
    const remedy = "A higher one is that of a newer Retort: install that, or leave the version out.";
    return { tree: rest, warnings: [], problems: [{ code: "CONFIG_VALUE_INVALID", path: "version", message, remedy }] };
  }
  let now: Migrated = { tree: rest, warnings: [] };
  for (const { migrate } of migrations.slice(version ?? 0)) {
    const after = migrate(now.tree, surroundings);
    now = { tree: after.tree, warnings: [...now.warnings, ...after.warnings] };
  }
  return { ...now, problems: [] };
}

/** A path that leads nowhere from the file, and somewhere from where the agent was started, goes on to lead there. */
function keepPathsThatLedSomewhere(tree: Tree, { beside, started }: Surroundings): Migrated {
  // The state's folder has a default, and what is in it must not be left behind either.
  const state = isTree(tree.state) ? tree.state : {};
  const whole = tree.state === undefined || isTree(tree.state) ? { ...tree, state: { path: "state", ...state } } : tree;
  const kept = pathsIn(schema, whole).filter(({ format, value }) => {
    const before = resolve(started.folder, value);
    const now = absolutePath(format, value, beside);
    return before !== now && started.exists(before) && !beside.exists(resolve(beside.folder, value));
  });
  return {
    tree: kept.reduce((result, path) => replaced(result, path, started), tree),
    warnings: kept.map(({ shown, value }) => ({
      code: "CONFIG_MIGRATED",
      path: shown,
      message: `${value} is taken from ${started.folder}, where the agent was started: it is not beside the file`,
      remedy: `Write ${resolve(started.folder, value)}, or the path as it is from the file's folder, and version: 1.`,
    })),
  };
}

function replaced(tree: Tree, { at, value }: NamedPath, { folder }: Base): Tree {
  const changed = assign(tree, at, resolve(folder, value));
  return isTree(changed) ? changed : tree;
}
