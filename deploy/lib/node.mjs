// The Node that runs this: new enough, and whether its C++ headers came with it.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { SetupError } from "./report.mjs";

const OLDEST = 20;

/** @throws {SetupError} if Node is too old for the agent */
export function checkNode(version) {
  if (Number(version.split(".")[0]) >= OLDEST) return;
  throw new SetupError(
    `Node ${version} is too old: Retort needs Node ${OLDEST} or newer.\n` +
      "        Install it from https://nodejs.org/en/download and run this again.",
  );
}

/**
 * Where node-gyp finds Node's headers, when they lie beside this Node: saves their download.
 * @returns {Record<string, string>} environment for npm
 */
export function headersBeside(execPath = process.execPath, exists = existsSync) {
  const prefix = dirname(dirname(execPath));
  return exists(join(prefix, "include", "node", "node_api.h")) ? { npm_config_nodedir: prefix } : {};
}
