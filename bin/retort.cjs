#!/usr/bin/env node
// The command `retort`. What it runs is compiled by set-up; in a fresh clone it says so, where a shell would say "not found".
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const root = join(__dirname, "..");
const main = join(root, "dist", "agent", "main.cjs");
if (existsSync(main)) {
  require(main);
} else {
  console.error("Retort is not set up yet.");
  console.error(
    `  Run: node ${join(root, "deploy", "setup.mjs")}   (or, in ${root}: npm start, which sets up and runs the demo)`,
  );
  process.exitCode = 1;
}
