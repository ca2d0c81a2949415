// The GStreamer binding leaks memory and writes passwords to stderr: each patch says where.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { headersBeside } from "./node.mjs";
import { attempt, SetupError, step } from "./report.mjs";
import { hashOf, readStamp, writeStamp } from "./stamp.mjs";

/**
 * Patches the installed binding, in the order of the patches' names, and compiles it again, once for each `npm ci`.
 * @param {{root: string}} options
 * @throws {SetupError} with the output of what failed
 */
export function mendBinding({ root }) {
  const folder = bindingFolder(root);
  if (folder === null) {
    throw new SetupError(`the GStreamer binding is not installed for ${root}: npm ci, then start again.`);
  }
  const stamp = join(folder, ".setup-stamp");
  // Not where they lie: the next version brings the same from a folder of its own.
  const texts = patchesOf(root).map((file) => `${basename(file)}\0${readFileSync(file, "utf8")}`);
  const hash = hashOf([], texts);
  if (readStamp(stamp)?.patch === hash) return;
  patchBinding({ root, folder });
  step("compiling the patched binding", "npm", ["rebuild", "gstreamer-superficial"], {
    cwd: dirname(dirname(folder)),
    env: headersBeside(),
  });
  writeStamp(stamp, { patch: hash });
}

/**
 * @param {{root: string, folder: string}} options `folder`: the binding's
 * @throws {SetupError} where a patch does not fit
 */
export function patchBinding({ root, folder }) {
  for (const file of patchesOf(root)) {
    const patch = (...args) => ["--strip=1", "--force", ...args, `--input=${file}`];
    // Patched already by an earlier version of Retort, or by a run that was ended before it had compiled.
    if (attempt("patch", patch("--reverse", "--dry-run"), { cwd: folder }).ok) continue;
    step(`patching the GStreamer binding (${basename(file, ".patch")})`, "patch", patch(), {
      cwd: folder,
      remedy: "If the sources were patched with another version of the patch: npm ci, then start again.",
    });
  }
}

function patchesOf(root) {
  const patches = join(root, "deploy", "patches");
  return readdirSync(patches)
    .filter((name) => /^gstreamer-superficial-.*\.patch$/.test(name))
    .sort()
    .map((name) => join(patches, name));
}

/** @returns {string | null} where npm has put it: below Retort, or, where Retort is a package among others, beside it */
export function bindingFolder(root) {
  for (let folder = root; ; folder = dirname(folder)) {
    const found = join(folder, "node_modules", "gstreamer-superficial");
    if (existsSync(found)) return found;
    if (folder === dirname(folder)) return null;
  }
}
