import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CodedError } from "../errors.js";

/**
 * The directory of Retort's own package.json, absolute: files that the compiler does not copy (schemas, examples, the
 * shipped bundle) lie below it, whether the code runs from a clone's dist/ or from an installed package.
 * @throws CodedError PACKAGE_ROOT_MISSING
 */
export function packageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder)) {
      throw new CodedError("PACKAGE_ROOT_MISSING", `no package.json above ${start}`, { at: start });
    }
  }
}
