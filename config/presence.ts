import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { PathKind } from "./formats.js";
import { type NamedPath, pathsIn } from "./paths.js";
import type { Findings, Problem } from "./problems.js";
import { schema } from "./schema.js";
import type { Config } from "./types.js";

export type Entry = "file" | "folder" | "other";

/** What is at a path; null where nothing is, or nothing that this user may see. */
export function entryAt(path: string): Entry | null {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return null;
  return info.isFile() ? "file" : info.isDirectory() ? "folder" : "other";
}

const WANTED: Readonly<Record<PathKind, Entry | null>> = {
  bundle: "folder",
  folder: "folder",
  pictures: "folder",
  file: "file",
  secret: "file",
  device: "other",
  // The agent makes it.
  state: null,
};

/**
 * What a configuration names and this machine does not have. A warning only where it may come or where nobody looks at it: devices
 * are plugged in, and disabled cameras wait.
 */
export function missingPaths(config: Config, look: (path: string) => Entry | null = entryAt): Findings {
  const faults = pathsIn(schema, config).flatMap((path) => {
    const problem = fault(path, look);
    return problem === null ? [] : [{ problem, waits: path.leadsTo === "device" || ofDisabledCamera(path, config) }];
  });
  return {
    problems: faults.filter(({ waits }) => !waits).map(({ problem }) => problem),
    warnings: faults.filter(({ waits }) => waits).map(({ problem }) => problem),
  };
}

function ofDisabledCamera({ at: [list, index] }: NamedPath, { cameras }: Config): boolean {
  return list === "cameras" && cameras[Number(index)]?.enabled === false;
}

function fault({ leadsTo, shown, value }: NamedPath, look: (path: string) => Entry | null): Problem | null {
  const wanted = WANTED[leadsTo];
  if (wanted === null) return null;
  const found = look(value);
  if (found === null) {
    const message = leadsTo === "secret" ? missingSecret(value, look) : `${value} is not there`;
    return { code: "CONFIG_PATH_MISSING", path: shown, message, remedy: "Check the path." };
  }
  // A secret may come through a pipe, a video from a device.
  if (found === wanted || (found === "other" && wanted === "file") || wanted === "other") return null;
  const message = leadsTo === "secret" ? `is no ${wanted}` : `${value} is no ${wanted}`;
  return { code: "CONFIG_PATH_WRONG_KIND", path: shown, message, remedy: "Check the path." };
}

/** Where a secret's file is wanted, the secret itself is soon written: no more is said than a folder that exists. */
function missingSecret(path: string, look: (path: string) => Entry | null): string {
  let folder = dirname(path);
  while (look(folder) !== "folder" && folder !== dirname(folder)) folder = dirname(folder);
  return `there is no such file below ${folder}`;
}
