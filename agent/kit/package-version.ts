import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../config/package-root.js";

/** The version in package.json. */
export async function packageVersion(): Promise<string> {
  const parsed = JSON.parse(await readFile(join(packageRoot(), "package.json"), "utf8")) as { version?: unknown };
  return String(parsed.version);
}
