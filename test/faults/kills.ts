import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createRandom } from "../../models/random.js";
import { type Testimony, Witness } from "../soak/witness.js";
import { temporaryFolder } from "../support/config.js";
import { freePort, type Mosquitto, startMosquitto } from "../support/mosquitto.js";
import { startProxy } from "../support/proxy.js";
import type { OpenVictim } from "./victims.js";

export interface KillsReport extends Testimony {
  readonly kills: number;
  /** Of them, before the first alert of that life. */
  readonly earlyKills: number;
  readonly brokerKills: number;
  /** The last `seq` that the victim said was kept. */
  readonly kept: number;
  /** Given up by the outbox, by reason: nothing should be. */
  readonly lost: Readonly<Record<string, number>>;
  /** What a life took until its first alert was kept (the outbox alone: until it was open), ms. */
  readonly reopenMs: { readonly median: number; readonly most: number };
  readonly seconds: number;
}

export interface KillsOptions {
  readonly victim: OpenVictim;
  readonly kills: number;
  readonly seed: number;
  /** A life lasts up to so long after its first alert was kept. */
  readonly lifeMs: number;
  /** Told after each life. */
  readonly onLife?: (life: number, testimony: Testimony) => void;
}

/** Kills the victim in an alert storm again and again, and its broker every third time; a witness listens through all of it. */
export async function stormOfKills({ victim: open, kills, seed, lifeMs, onLife }: KillsOptions): Promise<KillsReport> {
  const began = performance.now();
  const random = createRandom(seed);
  const witness = new Witness("retort");
  const port = await freePort();
  const wire = await startProxy(port);
  let broker: Mosquitto | null = null;
  let brokerKills = 0;
  let earlyKills = 0;
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
  const victim = await open({ statePath: temporaryFolder(), url: wire.url, witness });
  const reopenMs: number[] = [];
  let kept = 0;
  for (let life = 0; life < kills; life += 1) {
    const { child, storming, said } = victim.live();
    const closed = once(child, "close");
    const early = life % 8 === 7;
    if (early) {
      earlyKills += 1;
      storming.catch(() => undefined);
    } else {
      await storming;
      reopenMs.push(said.openMs);
    }
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
    onLife?.(life + 1, witness.testimony(victim.id));
  }
  const last = await victim.finish(kept);
  kept = Math.max(kept, last.kept);
  await brokerDown("SIGTERM");
  await wire.close();
  const sorted = reopenMs.sort((a, b) => a - b);
  return {
    ...witness.testimony(victim.id),
    kills,
    earlyKills,
    brokerKills,
    kept,
    lost: last.lost,
    reopenMs: { median: Math.round(sorted[sorted.length >> 1] ?? 0), most: Math.round(sorted.at(-1) ?? 0) },
    seconds: Math.round((performance.now() - began) / 1_000),
  };
}
