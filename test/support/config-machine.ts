import { readFileSync } from "node:fs";
import { type Checked, type ConfigLayers, type ConfigMachine, checkConfig } from "../../config/load.js";
import { packageRoot } from "../../config/package-root.js";
import { ConfigError } from "../../config/problems.js";
import type { Config } from "../../config/types.js";

/** A machine whose only file, besides the shipped ones, is /etc/retort.yaml; it is started in /line. */
export function machine(yaml = "", existing: readonly string[] = [], cwd = "/line"): ConfigMachine {
  return {
    hostname: "box.plant/1",
    cwd,
    packageRoot: packageRoot(),
    readText: (path) => (path === "/etc/retort.yaml" ? yaml : readFileSync(path, "utf8")),
    exists: (path) => existing.includes(path),
  };
}

export function check(yaml: string, layers: Partial<ConfigLayers> = {}, on = machine(yaml)): Checked {
  return checkConfig({ file: "/etc/retort.yaml", env: {}, set: [], ...layers }, on);
}

/** @throws ConfigError */
export function load(yaml: string, layers: Partial<ConfigLayers> = {}, on = machine(yaml)): Config {
  const { config, problems } = check(yaml, layers, on);
  if (config === undefined) throw new ConfigError(problems);
  return config;
}

/** One camera on the model `m`, with the rest of its keys. */
export const camera = (rest: string): string => `models: {m: {path: /m}}\ncameras: [{id: a, model: m, ${rest}}]\n`;
export const demo = camera("source: {type: demo}");
