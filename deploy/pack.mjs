#!/usr/bin/env node
// What `npm pack` runs before and after: the build, so that a package never holds an older one, and the lock file's way in and out.
import { fileURLToPath } from "node:url";
import { build } from "./lib/build.mjs";
import { clearLeftLock, isPacked, lendLock } from "./lib/lock.mjs";
import { installModules } from "./lib/npm.mjs";
import { SetupError, say } from "./lib/report.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
try {
  if (process.argv[2] === "clear") clearLeftLock(root);
  else if (!isPacked(root)) {
    installModules({ root });
    build({ root });
    lendLock(root);
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
