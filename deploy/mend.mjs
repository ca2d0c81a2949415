#!/usr/bin/env node
// Patches the GStreamer binding where npm has installed it: npm runs this after installing Retort.
import { fileURLToPath } from "node:url";
import { bindingFolder, mendBinding } from "./lib/binding.mjs";
import { SetupError, say } from "./lib/report.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
try {
  // npx in a clone that is not set up yet comes by here, too.
  if (bindingFolder(root) !== null) mendBinding({ root });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
