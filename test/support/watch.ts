/** `retort watch` as a process of its own, and what it hears. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { openClient } from "../../agent/mqtt/mqtt-client.js";
import { packageRoot } from "../../config/package-root.js";

export const main = join(packageRoot(), "dist/agent/main.cjs");
export const since = "2026-03-01T08:00:00.000Z";
export const status = (state: string) => ({ v: 1, ts: since, state, version: "0.1.0", since });

export interface Watching {
  readonly out: () => string;
  readonly err: () => string;
  /** SIGINT; the exit status. */
  stop(): Promise<number | null>;
}

export function watch(args: readonly string[]): Watching {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [main, "watch", ...args], {
    env: { PATH, HOME },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  left.add(child);
  const stop = () => {
    child.kill("SIGINT");
    return closed.finally(() => left.delete(child));
  };
  return { out: () => out, err: () => err, stop };
}

/** Publishes as an agent does, each message acknowledged. */
export async function publish(
  port: number,
  ...messages: readonly (readonly [topic: string, payload: object, retain?: boolean])[]
) {
  const nobody = { username: null, password: null, will: null, retain: true };
  const client = await openClient({
    ...{ url: `mqtt://127.0.0.1:${port}`, version: 5, clientId: "agents", keepaliveS: 15, connectTimeoutMs: 5_000 },
    ...{ ...nobody, onReceived: () => undefined, onLost: () => undefined },
  });
  for (const [topic, payload, retain = false] of messages)
    await client.send({ topic, payload: JSON.stringify(payload), qos: 1, retain });
  await client.close();
}

const left = new Set<ChildProcess>();

/** Ends what a failed test has left behind. */
export function endWatches(): void {
  for (const child of left) child.kill("SIGKILL");
}
