// Compiles the TypeScript and bundles the live view when a source has changed, clears away what has no source any more, and notes the commit.
import { existsSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildPage, hasPage, PAGE } from "./page.mjs";
import { attempt, step } from "./report.mjs";
import { hashOf, readStamp, writeStamp } from "./stamp.mjs";

const FILES = ["errors.ts"];
const FOLDERS = ["agent", "models", "config", "test"];
/** Compiled by no one: bundled. */
const WEB = join("agent", "http", "web");

/**
 * @param {{root: string}} options
 * @throws {SetupError} with the compiler's output if the sources do not compile
 */
export function build({ root }) {
  const sources = [
    ...FILES.filter((path) => existsSync(join(root, path))),
    ...FOLDERS.flatMap((folder) => filesUnder(root, folder, /(?<!\.d)\.c?ts$/)),
  ].filter((path) => !path.startsWith(WEB));
  const outputs = sources.map((path) => join("dist", path.replace(/ts$/, "js")));
  clearOrphans(root, new Set([...outputs, ...PAGE.map((path) => join("dist", path))]));
  const stamp = join(root, "dist", ".build-stamp");
  const page = filesUnder(root, WEB, /\.(tsx?|css|html|json)$/);
  const inputs = [...sources, ...page, "tsconfig.json", "package-lock.json"].map((path) => join(root, path));
  const hash = hashOf(inputs, [root]);
  noteCommit(root);
  const complete = outputs.every((path) => existsSync(join(root, path)));
  if (complete && (page.length === 0 || hasPage(root)) && readStamp(stamp)?.hash === hash) return;
  // The compiler trusts its own record of what it wrote; with outputs gone that record is wrong.
  if (!complete) rmSync(join(root, "dist", ".tsbuildinfo"), { force: true });
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  step("building", process.execPath, [compiler, "-p", "tsconfig.json"], { cwd: root });
  if (page.length > 0) buildPage({ root });
  writeStamp(stamp, { hash });
}

/**
 * Writes the commit into dist/version.json, for `retort --version`: builds of one version are many. A package without a
 * repository keeps what it brought.
 */
function noteCommit(root) {
  if (!existsSync(join(root, ".git"))) return;
  const git = (...args) => attempt("git", ["-C", root, ...args]);
  const top = git("rev-parse", "--show-toplevel");
  const described = git("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*");
  // No git, or one that does not trust the folder's owner: no commit is better than an old one.
  const known = top.ok && described.ok && realpathSync(top.output.trim()) === realpathSync(root);
  const file = join(root, "dist", "version.json");
  if (known) writeStamp(file, { commit: described.output.trim().replace("-dirty", ".dirty") });
  else rmSync(file, { force: true });
}

/** A deleted test's old output would go on being run, a deleted module's would go on being found. */
function clearOrphans(root, wanted) {
  for (const folder of FOLDERS) {
    for (const path of filesUnder(root, join("dist", folder), /\.c?js$/)) {
      if (wanted.has(path)) continue;
      rmSync(join(root, path));
      rmSync(join(root, `${path}.map`), { force: true });
    }
  }
}

/** @returns {string[]} paths relative to root, sorted */
function filesUnder(root, folder, pattern) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesUnder(root, path, pattern);
      return pattern.test(entry.name) ? [path] : [];
    })
    .sort();
}
