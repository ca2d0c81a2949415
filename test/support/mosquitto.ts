import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { temporaryFolder } from "./config.js";

export interface Mosquitto {
  readonly url: string;
  readonly port: number;
  /** SIGTERM unless told otherwise. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** A real broker on a free port of loopback. Without the limit a slow subscriber would lose messages past 1000. */
export async function startMosquitto(port?: number, settings = ["allow_anonymous true"]): Promise<Mosquitto> {
  const chosen = port ?? (await freePort());
  const file = join(temporaryFolder(), "mosquitto.conf");
  const lines = [`listener ${chosen} 127.0.0.1`, "max_queued_messages 0", "user root", ...settings, ""];
  await writeFile(file, lines.join("\n"));
  // Debian has it where only root looks.
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  const broker = spawn("mosquitto", ["-c", file], { stdio: "ignore", env });
  const failed = new Promise<never>((_, reject) => broker.once("error", reject));
  await Promise.race([listening(chosen), failed]);
  return { url: `mqtt://127.0.0.1:${chosen}`, port: chosen, stop: (signal = "SIGTERM") => ended(broker, signal) };
}

export interface Heard {
  readonly topic: string;
  readonly payload: Record<string, unknown>;
  readonly bytes: Buffer;
  readonly retained: boolean;
  readonly qos: number;
}

export interface Subscriber {
  readonly heard: readonly Heard[];
  of(topic: string): Record<string, unknown>[];
  stop(): Promise<void>;
}

export interface SubscribeOptions {
  readonly qos?: 0 | 1;
  /** Instead of keeping in `heard`: what listens for hours must not grow. */
  readonly onHeard?: (heard: Heard) => void;
}

/** mosquitto_sub, an independent subscriber, its output unbuffered. Resolves once the broker has granted the subscription. */
export async function subscribe(
  port: number,
  topic: string | readonly string[],
  { qos: asked = 1, onHeard }: SubscribeOptions = {},
): Promise<Subscriber> {
  const format = '{"topic":"%t","hex":"%x","retained":%r,"qos":%q}';
  const options = ["-h", "127.0.0.1", "-p", String(port), "-d", "-q", String(asked)];
  const topics = [topic].flat().flatMap((each) => ["-t", each]);
  const process = spawn("stdbuf", ["-oL", "mosquitto_sub", ...options, ...topics, "-F", format], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const heard: Heard[] = [];
  let rest = "";
  let stopping = false;
  await new Promise<void>((resolve, reject) => {
    process.once("error", reject);
    process.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (line.startsWith("Subscribed")) resolve();
        if (!line.startsWith("{") || (stopping && !line.endsWith("}"))) continue;
        const { topic, hex, retained, qos } = JSON.parse(line) as Line;
        const bytes = Buffer.from(hex, "hex");
        const message = { topic, payload: payloadOf(bytes), bytes, retained: retained === 1, qos };
        if (onHeard === undefined) heard.push(message);
        else onHeard(message);
      }
    });
  });
  return {
    heard,
    of: (topic) => heard.filter((each) => each.topic === topic).map(({ payload }) => payload),
    stop: () => {
      stopping = true;
      // Asked by SIGTERM right after its subscription it now and then goes on for ever.
      return ended(process, "SIGKILL");
    },
  };
}

interface Line {
  readonly topic: string;
  readonly hex: string;
  readonly retained: number;
  readonly qos: number;
}

/** What is no JSON is none of the agent's: tests send such things. */
function payloadOf(bytes: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(bytes.toString("utf8")) as Record<string, unknown>;
  } catch (error) {
    return { unreadable: String(error) };
  }
}

async function ended(process: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const exit = new Promise((resolve) => process.once("exit", resolve));
  process.kill(signal);
  await exit;
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

async function listening(port: number): Promise<void> {
  const limit = performance.now() + 5_000;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (open) return;
    if (performance.now() > limit) throw new Error(`nothing listens on ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
