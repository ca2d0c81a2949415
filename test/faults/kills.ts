import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createRandom } from "../../models/random.js";
import { type Testimony, Witness } from "../soak/witness.js";
import { temporaryFolder } from "../support/config.js";
import { freePort, type Mosquitto, startMosquitto } from "../support/mosquitto.js";
import { startProxy } from "../support/proxy.js";
import { type Kept, keptAfter, type OpenVictim } from "./victims.js";

export interface KillsReport extends Testimony {
  readonly kills: number;
  /** Of them, before the first alert of that life. */
  readonly earlyKills: number;
  readonly brokerKills: number;
  /** What the victim said was kept. */
  readonly kept: Kept;
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
  let kept: Kept = { alerts: 0, verdicts: {} };
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
    kept = keptAfter(kept, said);
    if (killBroker) await brokerUp();
    onLife?.(life + 1, witness.testimony(victim.id));
  }
  const last = await victim.finish(kept);
  kept = last.kept;
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

/** What is wrong with a report, in words: nothing should be. */
export function faultsOf({ kept, verdicts, ...report }: KillsReport): readonly string[] {
  const { missing, outOfOrder, contradictory, earlyEvidence, withoutEvidence, standing, alerts, lost } = report;
  const counts = { missing: missing.length, outOfOrder, contradictory: contradictory.length, earlyEvidence };
  const cameras = Object.entries(verdicts).map(([camera, heard]) => ({
    camera,
    missing: heard.missing.length,
    outOfOrder: heard.outOfOrder,
    contradictory: heard.contradictory.length,
    "kept and not heard": Math.max(0, (kept.verdicts[camera] ?? 0) - heard.highest),
  }));
  // What stood at a kill is cleared by the next life.
  const all = {
    ...counts,
    withoutEvidence,
    "standing, but for one": Math.max(0, standing - 1),
    "kept and not heard": Math.max(0, kept.alerts - alerts),
    "cameras without a verdict": Object.keys(kept.verdicts).filter((camera) => verdicts[camera] === undefined).length,
    ...lost,
  };
  const ofCameras = cameras.flatMap(({ camera, ...rest }) => wrong(rest, `verdicts of ${camera}`));
  return [...wrong(all, "alerts"), ...ofCameras];
}

function wrong(counts: Readonly<Record<string, number>>, of: string): readonly string[] {
  return Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${of}: ${what}: ${count}`]));
}
