#!/usr/bin/env node
// Sets up what `npm start` and `npm test` need: system packages, npm packages, the build. Node's built-ins only, since it
// runs before anything is installed. Every step first looks whether it is needed, so a second run costs a moment. In an unpacked
// package, where there is nothing to compile, it leaves out what only building and testing take.
import { fileURLToPath } from "node:url";
import { mendBinding } from "./lib/binding.mjs";
import { build } from "./lib/build.mjs";
import { isPacked } from "./lib/lock.mjs";
import { checkNode } from "./lib/node.mjs";
import { fetchGpuLibraries, installModules } from "./lib/npm.mjs";
import { SetupError, say } from "./lib/report.mjs";
import { installSystemPackages } from "./lib/system.mjs";

const USAGE = `usage: node deploy/setup.mjs [--test] [--gpu]

  --test  also installs what only the tests use (an MQTT broker, a fake camera, an RTSP server)
  --gpu   tries once more to fetch the NVIDIA libraries of ONNX Runtime
`;

/** @returns {number} the exit status */
function main(args) {
  const unknown = args.filter((arg) => !["--test", "--gpu", "--help"].includes(arg));
  if (unknown.length > 0 || args.includes("--help")) {
    (unknown.length > 0 ? process.stderr : process.stdout).write(USAGE);
    return unknown.length > 0 ? 2 : 0;
  }
  const root = fileURLToPath(new URL("..", import.meta.url));
  const packed = isPacked(root);
  try {
    checkNode(process.versions.node);
    installSystemPackages({ root, forTests: args.includes("--test") });
    installModules({ root });
    mendBinding({ root });
    fetchGpuLibraries({ root, again: args.includes("--gpu") });
    if (!packed) build({ root });
    return 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    return 1;
  }
}

process.exitCode = main(process.argv.slice(2));
