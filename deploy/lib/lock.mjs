// Which lock file this folder has: a clone's package-lock.json, or the same as npm-shrinkwrap.json, the only one that npm packs.
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";

/** @returns {boolean} whether the folder is an unpacked package: compiled, without sources or what builds them */
export function isPacked(root) {
  return !existsSync(join(root, "package-lock.json")) && existsSync(join(root, "npm-shrinkwrap.json"));
}

/** @returns {string} the lock file's path */
export function lockOf(root) {
  return join(root, isPacked(root) ? "npm-shrinkwrap.json" : "package-lock.json");
}

/** Has a clone's lock file packed. */
export function lendLock(root) {
  copyFileSync(join(root, "package-lock.json"), join(root, "npm-shrinkwrap.json"));
}

/** Takes the packed lock file out of a clone again, where npm would believe it more than the clone's own. */
export function clearLeftLock(root) {
  if (!isPacked(root)) rmSync(join(root, "npm-shrinkwrap.json"), { force: true });
}
