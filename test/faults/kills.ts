import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createRandom } from "../../models/random.js";
import { type Testimony, Witness } from "../soak/witness.js";
import { temporaryFolder } from "../support/config.js";
import { freePort, type Mosquitto, startMosquitto } from "../support/mosquitto.js";
import { startProxy } from "../support/proxy.js";

export interface KillsReport extends Testimony {
  readonly kills: number;
  readonly brokerKills: number;
  /** The last `seq` that an agent said was kept. */
  readonly kept: number;
  /** Given up by the outbox, by reason: nothing should be. */
  readonly lost: Readonly<Record<string, number>>;
  /** What the outbox took to open after each kill, ms. */
  readonly reopenMs: { readonly median: number; readonly most: number };
  readonly seconds: number;
}

export interface KillsOptions {
  readonly kills: number;
  readonly seed: number;
  /** A life lasts up to so long after its first alert was kept. */
  readonly lifeMs: number;
  /** Told after each life. */
  readonly onLife?: (life: number, testimony: Testimony) => void;
}

const script = fileURLToPath(new URL("./storm.js", import.meta.url));

interface Life {
  readonly child: ChildProcess;
  /** When its first alert is kept. */
  readonly storming: Promise<unknown>;
  readonly said: { kept: number; openMs: number; done: { lost: Record<string, number> } | null };
}

/** Kills an outbox in an alert storm again and again, and its broker every third time; a witness listens through all of it. */
export async function stormOfKills({ kills, seed, lifeMs, onLife }: KillsOptions): Promise<KillsReport> {
  const began = performance.now();
  const random = createRandom(seed);
  const statePath = temporaryFolder();
  const witness = new Witness("retort");
  const port = await freePort();
  const wire = await startProxy(port);
  let broker: Mosquitto | null = null;
  let brokerKills = 0;
  // The witness before the agent, and the agent off before the witness: what the broker took is the witness's to hear.
  const brokerUp = async (): Promise<void> => {
    broker = await startMosquitto(port);
    await witness.listen(port);
    wire.open = true;
  };
  const brokerDown = async (signal: NodeJS.Signals): Promise<void> => {
    wire.open = false;
    await broker?.stop(signal);
    await witness.drain();
    wire.cut();
  };
  await brokerUp();
  const reopenMs: number[] = [];
  let kept = 0;
  for (let life = 0; life < kills; life += 1) {
    const { child, storming, said } = live(statePath, wire.url);
    const closed = once(child, "close");
    await storming;
    reopenMs.push(said.openMs);
    const killBroker = life % 3 === 1;
    await sleep(random.int(lifeMs));
    if (killBroker) {
      await brokerDown("SIGKILL");
      brokerKills += 1;
      await sleep(random.int(lifeMs));
    }
    child.kill("SIGKILL");
    await closed;
    kept = Math.max(kept, said.kept);
    if (killBroker) await brokerUp();
    onLife?.(life + 1, witness.testimony("storm"));
  }
  const last = live(statePath, wire.url);
  const closed = once(last.child, "close");
  await last.storming;
  last.child.kill("SIGTERM");
  await closed;
  kept = Math.max(kept, last.said.kept);
  await brokerDown("SIGTERM");
  await wire.close();
  const sorted = reopenMs.sort((a, b) => a - b);
  return {
    ...witness.testimony("storm"),
    kills,
    brokerKills,
    kept,
    lost: last.said.done?.lost ?? { "never said": 1 },
    reopenMs: { median: Math.round(sorted[sorted.length >> 1] ?? 0), most: Math.round(sorted.at(-1) ?? 0) },
    seconds: Math.round((performance.now() - began) / 1_000),
  };
}

/** A line of storm.ts. */
interface Said {
  readonly openMs?: number;
  readonly kept?: number;
  readonly done?: number;
  readonly lost: Record<string, number>;
}

function live(statePath: string, url: string): Life {
  const child = spawn(process.execPath, [script, statePath, url], { stdio: ["ignore", "pipe", "inherit"] });
  const said: Life["said"] = { kept: 0, openMs: 0, done: null };
  let rest = "";
  const storming = new Promise<void>((resolve, reject) => {
    child.once("exit", (code, signal) => reject(new Error(`ended before its first alert: ${code ?? signal}`)));
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const what = JSON.parse(line) as Said;
        if (what.openMs !== undefined) said.openMs = what.openMs;
        if (what.kept !== undefined) {
          said.kept = Math.max(said.kept, what.kept);
          resolve();
        }
        if (what.done !== undefined) said.done = what;
      }
    });
  });
  return { child, storming, said };
}
