// Small JSON files that remember what a step did, and the hashes that tell whether it is still so.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** @returns {any} what was written, or null if there is none or it cannot be read as JSON */
export function readStamp(path) {
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // A stamp cut off by a kill only means that the step is done again.
    return null;
  }
}

/** Written only after the step has succeeded. */
export function writeStamp(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(value)}\n`);
}

/**
 * @param {readonly string[]} paths files; their names count too
 * @param {readonly string[]} more other facts that the step depends on
 * @returns {string} hexadecimal SHA-256
 */
export function hashOf(paths, more = []) {
  const hash = createHash("sha256");
  for (const path of paths) {
    hash.update(`\0${path}\0`);
    hash.update(readFileSync(path));
  }
  for (const fact of more) hash.update(`\0${fact}\0`);
  return hash.digest("hex");
}
