import { join, resolve, sep } from "node:path";
import { packageRoot } from "../../config/package-root.js";
import type { Terminal } from "./terminal.js";

/** A word where somebody is about to put a bundle among what Retort itself is made of: an update would meet it, git would show it. */
export function noteOutFolder(out: string, terminal: Terminal): void {
  const own = ["models", "agent", "dist"].map((name) => join(packageRoot(), name) + sep);
  if (!own.some((folder) => (resolve(out) + sep).startsWith(folder))) return;
  terminal.err(`note: ${out} lies among Retort's own files; a bundle belongs elsewhere, such as bundles/plate`);
}
