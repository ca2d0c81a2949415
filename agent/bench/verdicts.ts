import { Worker } from "node:worker_threads";
import { makeFolder } from "../../replace-file.js";
import { diskFolder, isOnDisk } from "./disk-folder.js";
import { round, type Tail, tail } from "./figures.js";
import { type BenchAgent, type RigOptions, startBenchAgent } from "./rig.js";

/** From triggers to verdicts. */
export interface PartsResult {
  /** False: verdicts were synced to a file system that lives in memory, which costs nothing. */
  readonly onDisk: boolean;
  readonly latencies: readonly VerdictLatency[];
}

/** The latencies of verdicts on parts that are triggered at a steady rate, at a subscriber that is no part of the agent. */
export interface VerdictLatency {
  readonly cameras: number;
  /** Triggered by all cameras together; cameras are triggered at the same moment. */
  readonly partsPerSecond: number;
  /** Verdicts that the percentiles are of. */
  readonly verdicts: number;
  /** From the command `inspect` being sent to the verdict being heard. */
  readonly triggerMs: Tail;
  /** From the picture being handed over by its source; up to 1 ms too long, as `ts` has whole milliseconds. */
  readonly pictureMs: Tail;
  /** Triggers that no verdict came of, or `unknown`. */
  readonly unjudged: number;
}

export interface Triggering {
  /** Parts that are counted; a tenth as many come before them, and are not. */
  readonly parts: number;
  /** Of all cameras together. */
  readonly partsPerSecond: number;
}

/** What the thread of the line's control works with. */
export interface ControlSetup {
  readonly url: string;
  /** The agent's topics, without a slash at their end. */
  readonly base: string;
  readonly cameras: readonly string[];
  /** From one trigger of all cameras to the next. */
  readonly everyMs: number;
  /** Triggers of each camera, and those among them that come first and are not counted. */
  readonly rounds: number;
  readonly settleRounds: number;
}

/** What the line's control saw. */
export interface ControlTally {
  readonly triggerMs: readonly number[];
  readonly pictureMs: readonly number[];
  readonly unjudged: number;
}

/**
 * The latencies of one camera's parts, then of four cameras'. Pictures are taken when they are asked for, as by a software trigger.
 * @param stateIn where verdicts are synced to disk; a folder for temporary files that is on a disk unless given
 * @throws CodedError of startBenchAgent
 */
export async function measureParts(stand: RigOptions, triggering: Triggering, stateIn?: string): Promise<PartsResult> {
  const folder = stateIn ?? (await diskFolder());
  await makeFolder(folder);
  const latencies: VerdictLatency[] = [];
  for (const cameras of [1, 4]) {
    const parts = { per: "frame", on: "inspect" } as const;
    const bench = await startBenchAgent({ ...stand, stateIn: folder, cameras, parts });
    try {
      latencies.push(await measureVerdicts(bench, triggering));
    } finally {
      await bench.close();
    }
  }
  return { onDisk: await isOnDisk(folder), latencies };
}

/** Triggers parts by MQTT from a thread of its own, whatever became of those before, and listens for their verdicts. */
async function measureVerdicts(bench: BenchAgent, triggering: Triggering): Promise<VerdictLatency> {
  const { parts, partsPerSecond } = triggering;
  const cameras = bench.agent.cameras.map(({ config }) => config.id);
  const counted = Math.ceil(parts / cameras.length);
  const settleRounds = Math.ceil(counted / 10);
  const everyMs = (cameras.length * 1_000) / partsPerSecond;
  const { url, base } = bench;
  bench.gate.open();
  const setup: ControlSetup = { url, base, cameras, everyMs, rounds: settleRounds + counted, settleRounds };
  const { triggerMs, pictureMs, unjudged } = await controlled(setup);
  bench.gate.close();
  return {
    cameras: cameras.length,
    partsPerSecond: round(partsPerSecond),
    verdicts: triggerMs.length,
    triggerMs: tail(triggerMs),
    pictureMs: tail(pictureMs),
    unjudged,
  };
}

function controlled(setup: ControlSetup): Promise<ControlTally> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL("./control-thread.js", import.meta.url), { workerData: setup });
    let tally: ControlTally | null = null;
    thread.once("message", (seen: ControlTally) => {
      tally = seen;
    });
    thread.once("error", reject);
    thread.once("exit", () => (tally === null ? reject(new Error("the triggers ended early")) : resolve(tally)));
  });
}
