import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentProcess } from "./agents.js";
import type { Site } from "./site.js";

/** Something that goes wrong on a line; resolves once it is over. */
export interface Fault {
  readonly name: string;
  readonly happen: (site: Site) => Promise<void>;
}

/** What a soak goes through again and again, in this order. */
export const faults: readonly Fault[] = [
  { name: "cable cut", happen: async ({ wire }) => wire.cut() },
  {
    name: "broker killed, back after 4 s",
    happen: async (site) => {
      await site.broker.down();
      await sleep(4_000);
      await site.broker.up();
    },
  },
  {
    name: "agent killed",
    happen: async ({ mortal }) => {
      await mortal.end("SIGKILL");
      mortal.start();
    },
  },
  {
    name: "camera away for 6 s",
    happen: async ({ camera }) => {
      if (camera === null) return;
      await camera.down();
      await sleep(6_000);
      await camera.up();
    },
  },
  {
    name: "agent killed while the broker is away",
    happen: async (site) => {
      await site.broker.down();
      await sleep(1_000);
      await site.mortal.end("SIGKILL");
      site.mortal.start();
      await sleep(4_000);
      await site.broker.up();
    },
  },
  {
    name: "half-open connection for 20 s",
    happen: async ({ wire }) => {
      wire.stall();
      await sleep(20_000);
      wire.cut();
    },
  },
  {
    name: "disk full for 10 s",
    happen: async ({ disk }) => {
      if (disk === null) return;
      const file = join(disk, "filler");
      // Written to the end: it is meant to fail.
      await writeFile(file, Buffer.alloc(256 * 1_048_576)).catch(() => undefined);
      await sleep(10_000);
      await rm(file, { force: true });
    },
  },
  {
    name: "process stopped for 4 s",
    happen: async ({ steady }) => {
      steady.signal("SIGSTOP");
      await sleep(4_000);
      steady.signal("SIGCONT");
    },
  },
  { name: "clean restart", happen: async ({ mortal }) => restart(mortal) },
  {
    name: "nonsense on every topic",
    happen: async ({ broker, steady }) => {
      const base = `retort/${steady.id}`;
      const big = "x".repeat(200_000);
      for (const payload of ["", "{", "null", "[]", '{"id":7}', '{"id":"a","camera":"nobody"}', big]) {
        for (const topic of ["cmd/threshold", "cmd/nothing", "cmd/disable", "storm/context", "nobody/context"]) {
          await send(broker.port, `${base}/${topic}`, payload);
        }
      }
    },
  },
];

async function restart(agent: AgentProcess): Promise<void> {
  await agent.end("SIGTERM");
  agent.start();
}

async function send(port: number, topic: string, payload: string): Promise<void> {
  const child = spawn("mosquitto_pub", ["-h", "127.0.0.1", "-p", String(port), "-t", topic, "-s"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.stdin!.on("error", () => undefined).end(payload);
  await once(child, "exit");
}
