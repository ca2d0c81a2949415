/**
 * How long the line is unwatched after a power cut: the agent is killed in the midst of its work, started again, and the first verdict on a
 * picture of the new life awaited at a subscriber. Nothing passes or fails here: figures are told.
 *
 *     npm run start-time -- --model models/demo --times 5
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { packageRoot } from "../../config/package-root.js";
import { temporaryFolder } from "../support/config.js";
import { type Heard, startMosquitto, subscribe } from "../support/mosquitto.js";
import { bare } from "../support/retort.js";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "models/demo" },
    times: { type: "string", default: "5" },
    config: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

/** How long it works before it is killed: so that something waits, and stands. */
const WORK_MS = 2_000;
/** An agent that has judged nothing by then will not. */
const LIMIT_MS = 120_000;
const TICKS_PER_S = 100;

interface Start {
  /** From the process's birth to the first verdict at the subscriber, s. */
  readonly verdictS: number;
  /** Processor time of all threads until then, s. */
  readonly cpuS: number;
  /** By phase: when it ended, s. */
  readonly phases: Readonly<Record<string, number>>;
}

const folder = temporaryFolder();
const broker = await startMosquitto();
let onVerdict: (heard: Heard) => void = () => undefined;
const subscriber = await subscribe(broker.port, "retort/start-time/+/verdict", {
  onHeard: (heard) => onVerdict(heard),
});

const configFile = values.config ?? join(folder, "line.yaml");
if (values.config === undefined) {
  const camera = { id: "cam1", model: "plate", source: { type: "demo" }, fps: 10, parts: { per: "frame" } };
  const models = { plate: { path: resolve(values.model) } };
  writeFileSync(
    configFile,
    stringify({ models, cameras: [camera], inference: { providers: ["cpu"], precision: "fp32" } }),
  );
}
const overrides = {
  "agent.id": "start-time",
  "mqtt.url": broker.url,
  "http.port": "0",
  "state.path": join(folder, "state"),
};

async function startAndKill(): Promise<Start> {
  const main = join(packageRoot(), "dist/agent/main.cjs");
  const set = Object.entries(overrides).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const bornMs = performance.now();
  const agent = spawn(process.execPath, [main, "run", "--json", "--config", configFile, ...set], {
    env: bare({}),
    stdio: ["ignore", "ignore", "pipe"],
  });
  const told = toldBy(agent);
  const first = new Promise<Pick<Start, "verdictS" | "cpuS">>((done) => {
    onVerdict = ({ payload }) => {
      // What waited since the last life is no proof that this one sees.
      if (payload.replayed === true) return;
      done({ verdictS: (performance.now() - bornMs) / 1_000, cpuS: cpuOf(agent) });
    };
  });
  const ended = once(agent, "exit").then(() => {
    throw new Error("the agent ended before its first verdict");
  });
  const limit = setTimeout(() => agent.kill("SIGKILL"), LIMIT_MS);
  const start = { ...(await Promise.race([first, ended])), phases: await told };
  clearTimeout(limit);
  await new Promise((later) => setTimeout(later, WORK_MS));
  agent.kill("SIGKILL");
  await ended.catch(() => undefined);
  return start;
}

/** What the agent's log says of its phases. */
async function toldBy(agent: ChildProcess): Promise<Record<string, number>> {
  for await (const line of createInterface({ input: agent.stderr! })) {
    const [, told] = /the first picture is judged \S+ s after the start: ([^"]*)/.exec(line) ?? [];
    if (told === undefined) continue;
    // Further lines are read, or the agent would wait for a reader.
    agent.stderr!.resume();
    return Object.fromEntries(told.split(", ").map((phase) => [phase.split(" ")[0]!, Number(phase.split(" ")[1])]));
  }
  return {};
}

/** User and system time of all its threads: fields 14 and 15 of /proc/<pid>/stat (proc(5)). */
function cpuOf({ pid }: ChildProcess): number {
  const [user = 0, system = 0] = readFileSync(`/proc/${pid}/stat`, "utf8")
    .split(") ")[1]!
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return (user + system) / TICKS_PER_S;
}

const starts: Start[] = [];
try {
  // The first life begins with an empty state, and warms the caches of files: it is shown apart.
  for (let time = 0; time <= Number(values.times); time += 1) {
    const start = await startAndKill();
    starts.push(start);
    if (!values.json) console.log(`${time === 0 ? "first " : `start ${time}`}  ${lineOf(start)}`);
  }
} finally {
  await subscriber.stop();
  await broker.stop();
}
const again = starts.slice(1);
const figures = {
  verdictS: middle(again.map(({ verdictS }) => verdictS)),
  cpuS: middle(again.map(({ cpuS }) => cpuS)),
};
const phases = Object.fromEntries(
  Object.keys(again[0]?.phases ?? {}).map((phase) => [phase, middle(again.map((start) => start.phases[phase] ?? 0))]),
);
if (values.json) console.log(JSON.stringify({ ...figures, phases, starts }));
else console.log(`median   ${lineOf({ ...figures, phases })}`);

function lineOf({ verdictS, cpuS, phases: ends }: Start): string {
  const told = Object.entries(ends).map(([phase, s]) => `${phase} ${s.toFixed(2)}`);
  return `verdict ${verdictS.toFixed(2)} s, processor ${cpuS.toFixed(2)} s; ${told.join(", ")}`;
}

function middle(sorted: readonly number[]): number {
  return [...sorted].sort((a, b) => a - b)[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
