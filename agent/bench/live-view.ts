import { Worker } from "node:worker_threads";
import { PAGE_FPS } from "../contract/live-events.js";
import { median, takeTurns } from "./compare.js";
import { round as rounded } from "./figures.js";
import { type Rig, type RigOptions, startRig } from "./rig.js";
import { framesPerSecond, segment } from "./segment.js";
import { nextMessage } from "./thread-message.js";

/** The figures of an agent whose live view is open, and whose is not, in turns. */
export interface LiveViewCost {
  readonly cameras: number;
  /** Scores a second of all cameras together while nobody looks, and while one page shows every camera; medians. */
  readonly fps: number;
  readonly lookedAtFps: number;
  /** The rate while somebody looks as a share of the other; the median of the turns' own shares. */
  readonly share: number;
  /** That the page was sent. */
  readonly picturesPerSecond: number;
}

export interface LookerSetup {
  /** Of the events, with the pictures that are wanted. */
  readonly url: string;
}

/** Measures an agent that answers HTTP. @param rounds of both sides @throws CodedError of startRig, and what the page meets */
export async function measureLiveView(
  options: RigOptions,
  { forMs, rounds }: { readonly forMs: number; readonly rounds: number },
): Promise<LiveViewCost> {
  const rig = await startRig({ ...options, http: true });
  const cost = await inTurns(rig, forMs, rounds);
  await rig.close();
  return cost;
}

async function inTurns(rig: Rig, forMs: number, rounds: number): Promise<LiveViewCost> {
  const ids = rig.agent.cameras.map(({ config }) => config.id);
  const url = `${rig.httpUrl}api/events?pictures=${ids.join(",")}&fps=${ids.length === 1 ? PAGE_FPS.large : PAGE_FPS.wall}`;
  const alone = async (): Promise<number> => framesPerSecond(await segment(rig, forMs));
  let pictures = 0;
  let lookedMs = 0;
  const lookedAt = async (): Promise<number> => {
    const looker = await openLooker({ url });
    const startedAtMs = performance.now();
    const fps = await alone();
    lookedMs += performance.now() - startedAtMs;
    pictures += await looker.close();
    return fps;
  };
  // The first frames are the compiler's.
  await lookedAt();
  pictures = 0;
  lookedMs = 0;
  const taken = await takeTurns({ fps: alone, lookedAtFps: lookedAt }, rounds);
  return {
    cameras: ids.length,
    fps: rounded(median(taken.map(({ fps }) => fps))),
    lookedAtFps: rounded(median(taken.map(({ lookedAtFps }) => lookedAtFps))),
    share: rounded(median(taken.map(({ fps, lookedAtFps }) => lookedAtFps / fps))),
    picturesPerSecond: rounded((pictures / lookedMs) * 1_000),
  };
}

interface Looker {
  /** @returns the pictures that came */
  close(): Promise<number>;
}

/** A page that takes what it is sent, in a thread of its own: a browser is another machine's work. */
async function openLooker(workerData: LookerSetup): Promise<Looker> {
  const thread = new Worker(new URL("./looker-thread.js", import.meta.url), { workerData });
  await nextMessage(thread);
  return {
    close: async () => {
      const exited = new Promise((resolve) => thread.once("exit", resolve));
      const came = nextMessage<number>(thread);
      thread.postMessage("stop");
      const pictures = await came;
      await exited;
      return pictures;
    },
  };
}
