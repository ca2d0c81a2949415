import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { stormCamera, writeStormPictures } from "../soak/agents.js";
import type { Witness } from "../soak/witness.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

/** What dies in a storm of kills, one life after the other. */
export interface Victim {
  /** Under which it publishes. */
  readonly id: string;
  live(): Life;
  /** A last life, in which all that is kept is sent; then it stops by itself. @param kept what is known so far */
  finish(kept: Kept): Promise<{ readonly kept: Kept; readonly lost: Readonly<Record<string, number>> }>;
}

/** The highest `seq` that were said to be kept. */
export interface Kept {
  readonly alerts: number;
  /** By camera. */
  readonly verdicts: Readonly<Record<string, number>>;
}

/** What is kept after a life. */
export function keptAfter({ alerts, verdicts }: Kept, { kept, verdicts: said }: Life["said"]): Kept {
  const cameras = [...new Set([...Object.keys(verdicts), ...Object.keys(said)])];
  return {
    alerts: Math.max(alerts, kept),
    verdicts: Object.fromEntries(cameras.map((id) => [id, Math.max(verdicts[id] ?? 0, said[id] ?? 0)])),
  };
}

export interface Life {
  readonly child: ChildProcess;
  /** When its first alert is kept. */
  readonly storming: Promise<unknown>;
  /** The highest `seq` that it said was kept: of alerts, and of verdicts by camera. */
  readonly said: { kept: number; openMs: number; readonly verdicts: Record<string, number> };
}

export type OpenVictim = (site: {
  readonly statePath: string;
  readonly url: string;
  readonly witness: Witness;
}) => Promise<Victim>;

const storm = fileURLToPath(new URL("./storm.js", import.meta.url));
const main = fileURLToPath(new URL("../../agent/main.cjs", import.meta.url));

/** The outbox and the publisher alone: thousands of alerts in a life. */
export const outboxVictim: OpenVictim = async ({ statePath, url }) => {
  let lost: Record<string, number> | null = null;
  const live = (): Life =>
    begin([storm, statePath, url], (line, said) => {
      const what = JSON.parse(line) as Said;
      if (what.camera !== undefined && what.verdict !== undefined) said.verdicts[what.camera] = what.verdict;
      if (what.openMs !== undefined) said.openMs = what.openMs;
      if (what.done !== undefined) lost = what.lost;
      return what.kept ?? null;
    });
  return {
    id: "storm",
    live,
    finish: async (kept) => {
      const { child, storming, said } = live();
      await storming;
      await ended(child, "SIGTERM");
      return { kept: keptAfter(kept, said), lost: lost ?? { "never said": 1 } };
    },
  };
};

/** A line of storm.ts. */
interface Said {
  readonly openMs?: number;
  readonly kept?: number;
  readonly camera?: string;
  readonly verdict?: number;
  readonly done?: number;
  readonly lost: Record<string, number>;
}

/** `retort run`: two cameras that raise and clear without end, with pictures. */
export const agentVictim: OpenVictim = async ({ statePath, url, witness }) => {
  const id = "whole";
  const pictures = join(statePath, "pictures");
  await writeStormPictures(pictures);
  const path = await writeTinyBundle();
  const configFile = async (name: string, enabled: boolean): Promise<string> => {
    const cameras = ["left", "right"].map((camera) => ({ ...stormCamera(pictures, 20), id: camera, enabled }));
    const config = {
      agent: { id },
      mqtt: { url },
      models: { tiny: { path } },
      cameras,
      alerts: { floodAbove: 0 },
      http: { port: 0 },
      state: { path: join(statePath, "state") },
    };
    await writeFile(join(statePath, name), stringify(config));
    return join(statePath, name);
  };
  const storming = await configFile("storm.yaml", true);
  const quiet = await configFile("quiet.yaml", false);
  const live = (config: string): Life => {
    const beganMs = performance.now();
    return begin([main, "run", "--json", "--config", config], (line, said) => {
      const { topic, payload } = JSON.parse(line) as { topic: string; payload: { seq: number } };
      if (topic.endsWith("/verdict")) said.verdicts[topic.split("/")[0]!] = payload.seq;
      if (!topic.endsWith("/alert")) return null;
      if (said.kept === 0) said.openMs = performance.now() - beganMs;
      return payload.seq;
    });
  };
  return {
    id,
    live: () => live(storming),
    finish: async (kept) => {
      const healthBefore = witness.health.get(id)?.length ?? 0;
      const { child, storming: never, said } = live(quiet);
      never.catch(() => undefined);
      const all = () => keptAfter(kept, said);
      const isAllThere = (): boolean => {
        const { alerts, verdicts, withoutEvidence } = witness.testimony(id);
        const areVerdicts = Object.entries(all().verdicts).every(
          ([camera, seq]) => (verdicts[camera]?.highest ?? 0) >= seq,
        );
        return alerts >= all().alerts && areVerdicts && withoutEvidence === 0;
      };
      await until(isAllThere, "all that was kept is there", 20_000);
      await until(() => (witness.health.get(id)?.length ?? 0) > healthBefore, "its health is told", 20_000);
      await ended(child, "SIGTERM");
      const health = witness.health.get(id)?.at(-1) as { outbox?: { lost?: Record<string, number> } } | undefined;
      return { kept: all(), lost: health?.outbox?.lost ?? { "never said": 1 } };
    },
  };
};

/** @param keptOf from a line that it printed, the `seq` that it says is kept */
function begin(args: readonly string[], keptOf: (line: string, said: Life["said"]) => number | null): Life {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  const said: Life["said"] = { kept: 0, openMs: 0, verdicts: {} };
  let rest = "";
  const storming = new Promise<void>((resolve, reject) => {
    child.once("exit", (code, signal) => reject(new Error(`ended before its first alert: ${code ?? signal}`)));
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const kept = keptOf(line, said);
        if (kept === null) continue;
        said.kept = Math.max(said.kept, kept);
        resolve();
      }
    });
  });
  return { child, storming, said };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const closed = once(child, "close");
  child.kill(signal);
  await closed;
}
