#!/usr/bin/env node
// Bundles the live view alone: `npm run build` after a change to it.
import { fileURLToPath } from "node:url";
import { buildPage } from "./lib/page.mjs";
import { SetupError, say } from "./lib/report.mjs";

try {
  buildPage({ root: fileURLToPath(new URL("..", import.meta.url)) });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
