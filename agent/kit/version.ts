import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../config/package-root.js";

/**
 * The version of this build, after Semantic Versioning: package.json's, and the commit that set-up built from, as in
 * `0.1.0+1f2e3d4c5b6a`; `.dirty` where the sources had been changed. Without a repository package.json's alone.
 */
export function productVersion(root: string = packageRoot()): string {
  const { version } = read(join(root, "package.json"));
  const built = join(root, "dist", "version.json");
  const { commit } = existsSync(built) ? read(built) : {};
  return commit === undefined ? String(version) : `${version}+${commit}`;
}

function read(path: string): { readonly version?: unknown; readonly commit?: unknown } {
  return JSON.parse(readFileSync(path, "utf8")) as { version?: unknown; commit?: unknown };
}
