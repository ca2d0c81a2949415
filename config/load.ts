import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { messageOf } from "../errors.js";
import { withAssignments, withEnvironment } from "./overrides.js";
import { packageRoot } from "./package-root.js";
import { ConfigError, type Problem } from "./problems.js";
import { brokenRules } from "./rules.js";
import { textIn } from "./text-file.js";
import { isTree, overlay, type Tree } from "./tree.js";
import type { Config, SelfTestConfig, SourceConfig } from "./types.js";
import { validate } from "./validate.js";
import { readYaml } from "./yaml.js";

export interface ConfigLayers {
  /** A YAML file; without one the agent runs its demo. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `path=value`, as given to --set. */
  readonly set: readonly string[];
}

/** The machine, as far as a configuration depends on it. */
export interface ConfigMachine {
  readonly hostname: string;
  /** Relative paths of a configuration start here. */
  readonly cwd: string;
  readonly packageRoot: string;
  readonly readText: (path: string) => string;
  readonly exists: (path: string) => boolean;
}

export interface Checked {
  /** Absent while there are problems. */
  readonly config?: Config;
  readonly problems: readonly Problem[];
}

function thisMachine(): ConfigMachine {
  return {
    hostname: hostname(),
    cwd: process.cwd(),
    packageRoot: packageRoot(),
    readText: (path) => textIn(readFileSync(path)),
    exists: existsSync,
  };
}

/**
 * Defaults < file < environment < command line, checked, paths made absolute.
 * @throws ConfigError CONFIG_INVALID with every problem
 */
export function loadConfig(layers: ConfigLayers, machine?: ConfigMachine): Config {
  const { config, problems } = checkConfig(layers, machine);
  if (config === undefined) throw new ConfigError(problems);
  return config;
}

/** As loadConfig, but tells all problems instead of throwing. */
export function checkConfig(layers: ConfigLayers, machine: ConfigMachine = thisMachine()): Checked {
  const defaults = readTree(join(machine.packageRoot, "config/default.yaml"), machine);
  const file = layers.file === undefined ? nothing : readTree(resolve(machine.cwd, layers.file), machine);
  const unread = [...defaults.problems, ...file.problems];
  if (unread.length > 0) return { problems: unread };

  const fromEnvironment = withEnvironment(overlay(defaults.tree, file.tree), layers.env);
  const fromCommandLine = withAssignments(fromEnvironment.tree, layers.set);
  const checked = validate(fromCommandLine.tree, machine.hostname);
  const problems = [...fromEnvironment.problems, ...fromCommandLine.problems, ...checked.problems];
  if (problems.length > 0) return { problems };

  // validate() gave the tree this shape.
  const config = withAbsolutePaths(checked.tree as unknown as Config, machine);
  const broken = brokenRules(config);
  return broken.length > 0 ? { problems: broken } : { config, problems: [] };
}

/** What a configuration names and this machine does not have: not wrong by itself, the disk may be mounted later. */
export function missingPaths(config: Config, exists: (path: string) => boolean = existsSync): readonly Problem[] {
  const named: [string, string | null | undefined][] = [
    ...Object.entries(config.models).map(([name, model]): [string, string] => [`models.${name}.path`, model.path]),
    ...Object.entries(config.models).flatMap(([name, { selfTest }]): [string, string | null | undefined][] => [
      [`models.${name}.selfTest.path`, selfTest?.path === "demo" ? null : selfTest?.path],
      [`models.${name}.selfTest.goodPath`, selfTest?.goodPath],
    ]),
    ...mqttFiles.map((key): [string, string | null] => [`mqtt.${key}`, config.mqtt[key]]),
    ["http.tokenFile", config.http.tokenFile],
    ...config.cameras.flatMap(({ source }, index): [string, string | undefined][] => [
      [`cameras.${index}.source.path`, "path" in source ? source.path : undefined],
      [`cameras.${index}.source.passwordFile`, source.type === "rtsp" ? source.passwordFile : undefined],
      [`cameras.${index}.source.device`, source.type === "v4l2" ? source.device : undefined],
    ]),
  ];
  return named.flatMap(([path, value]): Problem[] => {
    if (value === null || value === undefined || exists(value)) return [];
    // Where a password's file is wanted, the password itself is soon written.
    const message = path.endsWith("passwordFile") ? "there is no such file" : `${value} is not there`;
    return [{ code: "CONFIG_PATH_MISSING", path, message, remedy: "Check the path." }];
  });
}

const mqttFiles = ["passwordFile", "caFile", "certFile", "keyFile"] as const;

interface Read {
  readonly tree: Tree;
  readonly problems: readonly Problem[];
}

const nothing: Read = { tree: {}, problems: [] };

function readTree(path: string, machine: ConfigMachine): Read {
  let text: string;
  try {
    text = machine.readText(path);
  } catch (error) {
    const message = `cannot be read: ${messageOf(error)}`;
    const remedy = "Check the path after --config and the file's permissions.";
    return { tree: {}, problems: [{ code: "CONFIG_FILE_UNREADABLE", path, message, remedy }] };
  }
  const { value, faults } = readYaml(text);
  const problems = faults.map(({ message, at }): Problem => {
    return { code: "CONFIG_SYNTAX", path: at === null ? path : `${path}:${at}`, message, remedy: "Correct the YAML." };
  });
  if (problems.length > 0) return { tree: {}, problems };
  const tree = value ?? {};
  if (isTree(tree)) return { tree, problems };
  const remedy = "See config/example.yaml.";
  return { tree: {}, problems: [{ code: "CONFIG_SYNTAX", path, message: "is not a mapping", remedy }] };
}

function withAbsolutePaths(config: Config, machine: ConfigMachine): Config {
  const absolute = (path: string) => resolve(machine.cwd, path);
  /** The shipped bundle is found from any directory. */
  const bundle = (path: string) => {
    const shipped = resolve(machine.packageRoot, path);
    return !machine.exists(absolute(path)) && machine.exists(shipped) ? shipped : absolute(path);
  };
  const { mqtt, http, models, state } = config;
  return {
    ...config,
    mqtt: { ...mqtt, ...Object.fromEntries(mqttFiles.map((key) => [key, mqtt[key] && absolute(mqtt[key])])) },
    http: { ...http, tokenFile: http.tokenFile === null ? null : absolute(http.tokenFile) },
    models: Object.fromEntries(
      Object.entries(models).map(([name, { path, selfTest }]) => [
        name,
        { path: bundle(path), ...(selfTest === undefined ? {} : { selfTest: goldenFrom(selfTest, absolute) }) },
      ]),
    ),
    cameras: config.cameras.map((camera) => ({ ...camera, source: sourceFrom(camera.source, absolute) })),
    state: { path: absolute(state.path) },
  };
}

function goldenFrom(selfTest: SelfTestConfig, absolute: (path: string) => string): SelfTestConfig {
  const { path, goodPath } = selfTest;
  return {
    ...selfTest,
    path: path === "demo" ? path : absolute(path),
    goodPath: goodPath === null ? null : absolute(goodPath),
  };
}

function sourceFrom(source: SourceConfig, absolute: (path: string) => string): SourceConfig {
  if (source.type === "images" || source.type === "file") return { ...source, path: absolute(source.path) };
  if (source.type === "rtsp" && source.passwordFile !== undefined) {
    return { ...source, passwordFile: absolute(source.passwordFile) };
  }
  return source;
}
