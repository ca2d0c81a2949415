import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "../../config/package-root.js";
import { until } from "./until.js";

const main = join(packageRoot(), "dist/agent/main.cjs");

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** For Node itself. */
  readonly node?: readonly string[];
}

/** One command in a process of its own, without this one's RETORT_ variables. */
export function retort(args: readonly string[], { env = {}, node = [] }: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...node, main, ...args], { env: bare(env) }, (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

/** `retort run` until `enough` has been seen of it, then SIGTERM. */
export async function retortUntil(
  enough: (output: string) => boolean,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [main, "run", ...args], { env: bare(env), stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const closed = new Promise<number>((resolve) => child.once("close", (status) => resolve(status ?? -1)));
  try {
    await until(() => enough(stdout + stderr), "what the agent was run for", 20_000);
  } finally {
    child.kill("SIGTERM");
  }
  return { status: await closed, stdout, stderr };
}

/** An environment without this process's RETORT_ variables. */
export function bare(more: Readonly<Record<string, string>>): Record<string, string> {
  const { PATH = "", HOME = "" } = process.env;
  return { PATH, HOME, NO_COLOR: "1", ...more };
}
