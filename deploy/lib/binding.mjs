// The GStreamer binding leaks memory with every frame and every attempt to reach a camera: the patch tells where.
import { join } from "node:path";
import { headersBeside } from "./node.mjs";
import { attempt, step } from "./report.mjs";
import { hashOf, readStamp, writeStamp } from "./stamp.mjs";

/**
 * Patches the installed binding and compiles it again, once for each `npm ci`.
 * @param {{root: string}} options
 * @throws {SetupError} with the output of what failed
 */
export function mendBinding({ root }) {
  const folder = join(root, "node_modules", "gstreamer-superficial");
  const file = join(root, "deploy", "patches", "gstreamer-superficial.patch");
  const stamp = join(folder, ".setup-stamp");
  const hash = hashOf([file]);
  if (readStamp(stamp)?.patch === hash) return;
  const patch = (...args) => ["--strip=1", "--force", ...args, `--input=${file}`];
  // Patched already where an earlier run was ended before it had compiled.
  if (!attempt("patch", patch("--reverse", "--dry-run"), { cwd: folder }).ok) {
    step("patching the GStreamer binding", "patch", patch(), {
      cwd: folder,
      remedy: "If the sources were patched with another version of the patch: npm ci, then start again.",
    });
  }
  step("compiling the patched binding", "npm", ["rebuild", "gstreamer-superficial"], {
    cwd: root,
    env: headersBeside(),
  });
  writeStamp(stamp, { patch: hash });
}
