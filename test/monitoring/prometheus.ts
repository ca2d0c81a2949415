/** A real Prometheus on a free port, with the rules that ship, looking at one agent. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { temporaryFolder } from "../support/config.js";
import { freePort } from "../support/mosquitto.js";
import { until } from "../support/until.js";
import { RULE_FILES, RULES_FOLDER } from "./rules.js";

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface Prometheus {
  /** An instant vector. @throws what Prometheus says against the expression */
  query(expr: string): Promise<readonly Sample[]>;
  /** The `data` of the answer to a path below /api/v1/. */
  get<T>(path: string): Promise<T>;
  stop(): Promise<void>;
}

/** @param target host and port */
export async function startPrometheus(target: string): Promise<Prometheus> {
  const folder = temporaryFolder();
  const port = await freePort();
  const file = join(folder, "prometheus.yml");
  const global = { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" };
  const rule_files = RULE_FILES.map((each) => join(RULES_FOLDER, each));
  const scrape_configs = [{ job_name: "retort", static_configs: [{ targets: [target] }] }];
  writeFileSync(file, stringify({ global, rule_files, scrape_configs }));
  const child = spawn(
    "prometheus",
    [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, "data")}`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const base = `http://127.0.0.1:${port}`;
  const ready = () =>
    fetch(`${base}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  const stop = (): Promise<void> => {
    child.kill("SIGTERM");
    return closed;
  };
  const get = async <T>(path: string): Promise<T> => {
    const answer = (await (await fetch(`${base}/api/v1/${path}`)).json()) as Answer<T>;
    if (answer.status !== "success") throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  };
  try {
    await until(async () => child.exitCode !== null || (await ready()), "Prometheus is ready", 30_000);
    if (child.exitCode !== null) throw new Error(`Prometheus ended: ${log}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get,
    query: async (expr) => (await get<{ result: readonly Sample[] }>(`query?query=${encodeURIComponent(expr)}`)).result,
    stop,
  };
}

type Answer<T> =
  | { readonly status: "success"; readonly data: T }
  | { readonly status: "error"; readonly error: string };
