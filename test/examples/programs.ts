/** The example subscribers, each as a process of its own, and what each has kept. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { packageRoot } from "../../config/package-root.js";
import { temporaryFolder } from "../support/config.js";
import { freePort } from "../support/mosquitto.js";
import { bare } from "../support/retort.js";
import { until } from "../support/until.js";

export interface Row {
  readonly agent: string;
  readonly camera: string;
  readonly seq: number;
  readonly verdict: string;
}

export interface Program {
  readonly name: string;
  /** Null where its runtime is here, else why it is left out. */
  readonly missing: string | null;
  /** Keeps what it keeps in `folder`. */
  command(folder: string, broker: URL): Promise<readonly [command: string, ...args: string[]]>;
  /** When it hears what is published. */
  readonly listening: RegExp;
  /** A line that it prints of a verdict. */
  readonly line: RegExp;
  prints(agent: string, camera: string, seq: number, verdict: string): string | RegExp;
  rows(folder: string): readonly Row[];
}

const LINE = /^.* \w+ part \S+$/gm;
const prints = (agent: string, camera: string, seq: number, verdict: string): string =>
  ` ${agent}/${camera} ${seq} ${verdict} part `;

const example = (path: string): string => join(packageRoot(), "examples", path);
const { env } = process;

const linesOf = (file: string): readonly Row[] => {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Row);
};

/** Python's own SQLite reads it: Node 20 has none. */
const tableOf = (file: string): readonly Row[] => {
  if (!existsSync(file)) return [];
  const query = "SELECT agent, camera, seq, verdict FROM verdicts ORDER BY rowid";
  const script = `import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.row_factory = sqlite3.Row
print(json.dumps([dict(row) for row in database.execute("${query}")]))`;
  return JSON.parse(execFileSync("python3", ["-c", script, file], { encoding: "utf8" })) as readonly Row[];
};

/** Node's own SQLite where it has one. */
const node: Program = {
  name: "Node",
  missing: null,
  command: async (folder, broker) => [
    env.RETORT_TEST_NODE ?? process.execPath,
    example("node/subscriber.mjs"),
    broker.href,
    join(folder, "verdicts"),
  ],
  listening: /^listening$/m,
  ...{ line: LINE, prints },
  rows: (folder) => {
    const table = join(folder, "verdicts.db");
    return existsSync(table) ? tableOf(table) : linesOf(join(folder, "verdicts.jsonl"));
  },
};

/** Debian's Python has Debian's paho-mqtt, whichever other comes first on the PATH. */
const pythons = [env.RETORT_TEST_PYTHON, "python3", "/usr/bin/python3"].filter((each) => each !== undefined);
const withPaho = pythons.find((each) => spawnSync(each, ["-c", "import paho.mqtt.client"]).status === 0);

const python: Program = {
  name: "Python",
  missing: withPaho === undefined ? "no Python with paho-mqtt (Debian's python3-paho-mqtt)" : null,
  command: async (folder, broker) => [
    withPaho!,
    example("python/subscriber.py"),
    broker.href,
    join(folder, "verdicts.db"),
  ],
  listening: /^listening$/m,
  ...{ line: LINE, prints },
  rows: (folder) => tableOf(join(folder, "verdicts.db")),
};

const onPath = (name: string): string | undefined =>
  (env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(existsSync);
const nodeRedAt = env.RETORT_TEST_NODE_RED ?? onPath("node-red");

/** The flow as it ships, with the test's broker and file. */
const nodeRed: Program = {
  name: "Node-RED",
  missing: nodeRedAt === undefined ? "no node-red on the PATH, nor at RETORT_TEST_NODE_RED" : null,
  command: async (folder, broker) => {
    const user = join(folder, "node-red");
    mkdirSync(user, { recursive: true });
    const flow = readFileSync(example("node-red/flow.json"), "utf8");
    const here = flow
      .replace('"1883"', `"${broker.port}"`)
      .replace('"verdicts.jsonl"', JSON.stringify(nodeRedFile(folder)));
    writeFileSync(join(user, "flow.json"), here);
    const port = await freePort();
    return [process.execPath, nodeRedAt!, "--userDir", user, "--port", String(port), join(user, "flow.json")];
  },
  listening: /Connected to broker/,
  ...{ line: LINE, prints },
  rows: (folder) => linesOf(nodeRedFile(folder)),
};
const nodeRedFile = (folder: string): string => join(folder, "verdicts.jsonl");

const telegrafAt = onPath("telegraf");

/** It prints, in the line protocol; a database is for its user to choose. */
const telegraf: Program = {
  name: "Telegraf",
  missing: telegrafAt === undefined ? "no telegraf on the PATH" : null,
  command: async (folder, broker) => {
    const file = join(folder, "telegraf.conf");
    const text = readFileSync(example("telegraf/telegraf.conf"), "utf8");
    writeFileSync(
      file,
      text.replace("127.0.0.1:1883", broker.host).replace('["stdout"]', '["stdout", "verdicts.lines"]'),
    );
    return [telegrafAt!, "--config", file];
  },
  listening: /Connected \[tcp/,
  line: /^retort_verdict,/gm,
  prints: (agent, camera, seq, verdict) =>
    new RegExp(`^retort_verdict,agent=${agent},camera=${camera},verdict=${verdict} .*\\bseq=${seq}i`, "m"),
  rows: (folder) => {
    const file = join(folder, "verdicts.lines");
    if (!existsSync(file)) return [];
    return [...readFileSync(file, "utf8").matchAll(/^\w+,agent=(.+?),camera=(.+?),verdict=(\w+) .*?seq=(\d+)i/gm)].map(
      ([, agent = "", camera = "", verdict = "", seq]) => ({ agent, camera, verdict, seq: Number(seq) }),
    );
  },
};

export const programs: readonly Program[] = [node, python, nodeRed, telegraf];

export interface Running {
  /** All that it printed, in this life and earlier ones. */
  out(): string;
  /** How many verdicts it printed. */
  printed(): number;
  rows(): readonly Row[];
  /** Another life, once it was stopped. */
  start(): Promise<void>;
  stop(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

export function running(program: Program, broker: URL): Running {
  const folder = temporaryFolder();
  let child: ChildProcess | null = null;
  let [out, err] = ["", ""];
  return {
    out: () => out,
    printed: () => out.match(program.line)?.length ?? 0,
    rows: () => program.rows(folder),
    start: async () => {
      const [command, ...args] = await program.command(folder, broker);
      err = "";
      const started = spawn(command, args, { env: bare({}), cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
      child = started;
      const hear = (text: string): void => {
        out += text;
        err += text;
      };
      started.stdout.setEncoding("utf8").on("data", hear);
      started.stderr.setEncoding("utf8").on("data", hear);
      await until(() => program.listening.test(err), `${program.name} listens: ${err}`, 60_000);
    },
    stop: async (signal) => {
      const ended = child;
      child = null;
      if (ended === null || ended.exitCode !== null || ended.signalCode !== null) return;
      const exit = new Promise((resolve) => ended.once("exit", resolve));
      ended.kill(signal);
      await exit;
    },
  };
}
