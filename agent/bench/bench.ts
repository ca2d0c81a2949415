import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { readBundle } from "../../models/bundle/bundle.js";
import { openBareModel } from "../inference/measure.js";
import type { CameraDeps } from "../line/camera.js";
import type { Size } from "../types.js";
import { compare, takeTurns } from "./compare.js";
import { round, type Spread, spread } from "./figures.js";
import { type LiveViewCost, measureLiveView } from "./live-view.js";
import { LIVE_CAMERA, type ManyCameras, measureCameras } from "./many-cameras.js";
import { benchCamera, type Rig, type RigOptions, startRig } from "./rig.js";
import { openRigLoad } from "./rig-load.js";
import { framesPerSecond, SETTLE_MS, segment } from "./segment.js";
import { endlessSource, liveSource } from "./sources.js";
import { writeTrivialBundle } from "./trivial-model.js";
import { measureParts, type PartsResult } from "./verdicts.js";

export interface BenchOptions {
  /** A bundle's directory. */
  readonly bundle: string;
  /** How long each side is measured: bare model, whole agent, bare model beside the rig. */
  readonly seconds: number;
  /** Threads of one inference; 0: as many as there are cores. */
  readonly threads: number;
  readonly watchCamera: CameraDeps["watchCamera"];
  readonly onProgress?: (text: string) => void;
  /** How long each side runs before the next has its turn. */
  readonly segmentMs?: number;
  /** Live cameras of one more measurement; 0 or absent: none. */
  readonly cameras?: number;
  /** Cameras of one more measurement, with a live view open and without; 0 or absent: none. */
  readonly liveView?: number;
  /** Parts of one more measurement, with one and with four cameras; 0 or absent: none. */
  readonly parts?: number;
  /** Where their verdicts are synced to disk; a folder for temporary files that is on a disk unless given. */
  readonly stateIn?: string;
}

export interface BenchResult {
  readonly model: string;
  readonly provider: string;
  readonly threads: number;
  /** Frames a second of the bare `session.run`, one picture at a time, in a thread like the agent's. */
  readonly ceilingFps: number;
  /**
   * Scores a second at an MQTT subscriber, the source giving frames as fast as they are asked for. The embedded broker, the
   * subscriber and the source's black pictures run on this machine, too, and are counted.
   */
  readonly endToEndFps: number;
  /**
   * The agent's rate as a share of the bare model's: what the whole rig costs. Median of the rounds' own shares; the rates are
   * medians of their own.
   */
  readonly ratio: number;
  /**
   * Frames a second of the bare `session.run` while the rig works without an agent: the source gives as many pictures as the agent
   * judged; a sender, the broker and the subscriber carry as many scores.
   */
  readonly rigFps: number;
  /** The agent's rate as a share of `rigFps`: what the agent itself costs, without the bench's source, broker and subscriber. */
  readonly ratioOfRig: number;
  /** The latency less the inference, at half the ceiling's rate. */
  readonly outsideInferenceMs: Spread;
  /** From the frame being available to its score at the subscriber, at half the ceiling's rate. */
  readonly latencyMs: Spread;
  /** Scores a second end to end with a model of the same input that costs next to nothing. */
  readonly trivialFps: number;
  /** Delays of the main thread's event loop while inference takes every core. */
  readonly eventLoopDelayMs: { readonly p99: number };
  /** Resident memory of the process with the agent warm, the bare model not yet loaded. */
  readonly rssMb: number;
  /** Present where `cameras` were asked for. */
  readonly cameras?: ManyCameras;
  /** Present where `liveView` was asked for. */
  readonly liveView?: LiveViewCost;
  /** Present where `parts` were asked for. */
  readonly parts?: PartsResult;
}

/** The most parts a second that are triggered: few lines are quicker. */
const MOST_PARTS_PER_SECOND = 100;

/**
 * The machine's ceiling and the agent's share of it, in interleaved segments, so that what else the machine does meets
 * all sides alike. The trivial model comes first: at its rate the agent's code is compiled within seconds, as it is in an agent
 * that has been running for some minutes.
 * @throws CodedError of readBundle, ENGINE_OPEN_FAILED or BENCH_FAILED
 */
export async function runBench(options: BenchOptions): Promise<BenchResult> {
  const threads = options.threads > 0 ? options.threads : availableParallelism();
  const { modelPath, manifest } = await readBundle(options.bundle);
  const { input } = manifest;
  const segmentMs = options.segmentMs ?? 2_000;
  const say = options.onProgress ?? (() => undefined);
  const { watchCamera } = options;
  const rigOf: RigOf = (bundle, source, cameras = 1) => startRig({ bundle, threads, source, watchCamera, cameras });

  say("the trivial model");
  const trivialFps = await trivial(input, 2 * segmentMs, rigOf);

  say("warming up");
  const rig = await rigOf(options.bundle, endlessSource(input));
  const warm = framesPerSecond(await segment(rig, segmentMs));
  const rssMb = Math.round(process.memoryUsage.rss() / 1_048_576);
  const { used: provider } = rig.agent.models.get("bench")!.engine.providers();
  const { sha256, precision = "fp32" } = manifest;
  const bare = await openBareModel({
    ...{ modelPath, sha256, input, providers: [provider], threads, batchSizes: [1] },
    ...{ precision, device: 0, build: null },
  });
  const source = liveSource(input, warm);
  const load = await openRigLoad({ camera: benchCamera("load", source), input, fps: warm, watchCamera });
  const rounds = Math.max(1, Math.round((options.seconds * 1_000) / segmentMs));
  const bareFps = async (forMs: number): Promise<number> => {
    const { frames, ms } = await bare.run(forMs);
    return (frames / ms) * 1_000;
  };
  const sides = {
    bareFps: () => bareFps(segmentMs),
    agentFps: async () => framesPerSecond(await segment(rig, segmentMs)),
    rigFps: () =>
      load.during(async () => {
        await bareFps(SETTLE_MS);
        return bareFps(segmentMs);
      }),
  };
  const taken = await takeTurns(sides, rounds, (round) =>
    say(`bare model, whole agent, bare model beside the rig in turn, ${round} of ${rounds}`),
  );
  const { ceilingFps, endToEndFps, ratio, rigFps, ratioOfRig } = compare(taken);
  await load.close();
  await bare.close();

  // By itself: the timer that measures it wakes the main thread a thousand times a second.
  say("event loop");
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await segment(rig, 2 * segmentMs, delay);
  await rig.close();

  say("latency at half the ceiling's rate");
  const paced = await rigOf(options.bundle, liveSource(input, ceilingFps / 2));
  const { latencyMs, outsideMs } = await segment(paced, Math.max(segmentMs, options.seconds * 1_000));
  await paced.close();

  const many = options.cameras ?? 0;
  if (many > 0) say(`${many} live cameras`);
  const cameras = many > 0 ? await camerasOf(await rigOf(options.bundle, LIVE_CAMERA, many), 4 * segmentMs) : null;

  const stand = { bundle: options.bundle, threads, source: endlessSource(input), watchCamera };
  const shown = options.liveView ?? 0;
  if (shown > 0) say(`a live view of ${shown} cameras, open and closed in turn`);
  const looked = { ...stand, cameras: shown };
  const liveView = shown > 0 ? await measureLiveView(looked, { forMs: segmentMs, rounds }) : null;

  const count = options.parts ?? 0;
  if (count > 0) say(`trigger to verdict of ${count} parts, with one camera and with four`);
  const partsPerSecond = Math.min(ceilingFps / 2, MOST_PARTS_PER_SECOND);
  const parts = count > 0 ? await measureParts(stand, { parts: count, partsPerSecond }, options.stateIn) : null;
  return {
    model: `${manifest.name} ${manifest.version}`,
    provider,
    threads,
    ceilingFps: round(ceilingFps),
    endToEndFps: round(endToEndFps),
    ratio: round(ratio),
    rigFps: round(rigFps),
    ratioOfRig: round(ratioOfRig),
    outsideInferenceMs: spread(outsideMs),
    latencyMs: spread(latencyMs),
    trivialFps: round(trivialFps),
    eventLoopDelayMs: { p99: round(delay.percentile(99) / 1e6) },
    rssMb,
    ...(cameras === null ? {} : { cameras }),
    ...(liveView === null ? {} : { liveView }),
    ...(parts === null ? {} : { parts }),
  };
}

type RigOf = (bundle: string, source: RigOptions["source"], cameras?: number) => Promise<Rig>;

async function camerasOf(rig: Rig, forMs: number): Promise<ManyCameras> {
  const { count, fps, leastFps, mostFps, eventLoopDelayMs: delay } = await measureCameras(rig, forMs);
  await rig.close();
  const eventLoopDelayMs = { p99: round(delay.p99), worst: round(delay.worst) };
  return { count, fps: round(fps), leastFps: round(leastFps), mostFps: round(mostFps), eventLoopDelayMs };
}

async function trivial(input: Size, forMs: number, rigOf: RigOf): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), "retort-trivial-"));
  try {
    await writeTrivialBundle(dir, { ...input, threshold: 2 });
    const rig = await rigOf(dir, endlessSource(input));
    // The first seconds are the compiler's: at this rate they would weigh.
    await segment(rig, forMs);
    const tally = await segment(rig, forMs);
    await rig.close();
    return framesPerSecond(tally);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
