import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { GstreamerSource } from "../../config/types.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { percentile } from "../health/ledger.js";
import { openBareModel } from "../inference/measure.js";
import type { CameraDeps } from "../line/camera.js";
import type { Size } from "../types.js";
import { compare, takeTurns } from "./compare.js";
import { type Rig, startRig } from "./rig.js";
import { framesPerSecond, segment } from "./segment.js";
import { writeTrivialBundle } from "./trivial-model.js";

export interface BenchOptions {
  /** A bundle's directory. */
  readonly bundle: string;
  /** Measured on each side, bare and whole agent. */
  readonly seconds: number;
  /** Of one inference; 0: as many as there are cores. */
  readonly threads: number;
  readonly watchCamera: CameraDeps["watchCamera"];
  readonly onProgress?: (text: string) => void;
  /** How long each side runs before the other has its turn. */
  readonly segmentMs?: number;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
}

export interface BenchResult {
  readonly model: string;
  readonly provider: string;
  readonly threads: number;
  /** Of the bare `session.run`, one picture at a time, in a thread like the agent's. */
  readonly ceilingFps: number;
  /**
   * Of scores at an MQTT subscriber, the source giving frames as fast as they are asked for. The embedded broker, the
   * subscriber and the source's black pictures run on this machine, too, and are counted.
   */
  readonly endToEndFps: number;
  /** Median of the pairs measured one right after the other; the two rates are medians of their own. */
  readonly ratio: number;
  /** At half the ceiling's rate: the latency less the inference. */
  readonly outsideInferenceMs: Spread;
  /** At half the ceiling's rate: from the frame being available to its score at the subscriber. */
  readonly latencyMs: Spread;
  /** End to end with a model of the same input that costs next to nothing. */
  readonly trivialFps: number;
  /** Of the main thread, while inference takes every core. */
  readonly eventLoopDelayMs: { readonly p99: number };
  /** Of the process with the agent warm and nothing else in it. */
  readonly rssMb: number;
}

/**
 * The machine's ceiling and the agent's share of it, in interleaved segments, so that what else the machine does meets
 * both alike. The trivial model comes first: at its rate the agent's code is compiled within seconds, as it is in an agent
 * that has been running for some minutes.
 * @throws CodedError of readBundle, ENGINE_OPEN_FAILED or BENCH_FAILED
 */
export async function runBench(options: BenchOptions): Promise<BenchResult> {
  const threads = options.threads > 0 ? options.threads : availableParallelism();
  const { modelPath, manifest } = await readBundle(options.bundle);
  const { input } = manifest;
  const segmentMs = options.segmentMs ?? 2_000;
  const say = options.onProgress ?? (() => undefined);
  const rigOf = (bundle: string, source: GstreamerSource) =>
    startRig({ bundle, threads, source, watchCamera: options.watchCamera });

  say("the trivial model");
  const trivialFps = await trivial(input, 2 * segmentMs, rigOf);

  say("warming up");
  const rig = await rigOf(options.bundle, endlessSource(input));
  await segment(rig, segmentMs);
  const rssMb = Math.round(process.memoryUsage.rss() / 1_048_576);
  const { used: provider } = rig.agent.models.get("bench")!.engine.providers();
  const { sha256 } = manifest;
  const bare = await openBareModel({ modelPath, sha256, input, providers: [provider], threads, batchSizes: [1] });
  const pairs = Math.max(1, Math.round((options.seconds * 1_000) / segmentMs));
  const sides = {
    bare: async () => {
      const { frames, ms } = await bare.run(segmentMs);
      return (frames / ms) * 1_000;
    },
    agent: async () => framesPerSecond(await segment(rig, segmentMs)),
  };
  const turns = await takeTurns(sides, pairs, (pair) => say(`bare model and whole agent in turn, ${pair} of ${pairs}`));
  const { ceilingFps, endToEndFps, ratio } = compare(turns);
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
  return {
    model: `${manifest.name} ${manifest.version}`,
    provider,
    threads,
    ceilingFps: round(ceilingFps),
    endToEndFps: round(endToEndFps),
    ratio: round(ratio),
    outsideInferenceMs: spread(outsideMs),
    latencyMs: spread(latencyMs),
    trivialFps: round(trivialFps),
    eventLoopDelayMs: { p99: round(delay.percentile(99) / 1e6) },
    rssMb,
  };
}

async function trivial(
  input: Size,
  forMs: number,
  rigOf: (bundle: string, source: GstreamerSource) => Promise<Rig>,
): Promise<number> {
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

/** Its pictures cost GStreamer next to nothing: it is the agent that is measured. */
function endlessSource({ width, height }: Size): GstreamerSource {
  const launch = `videotestsrc is-live=false pattern=black ! video/x-raw,format=RGB,width=${width},height=${height}`;
  return { type: "gstreamer", launch, live: false };
}

function liveSource({ width, height }: Size, fps: number): GstreamerSource {
  const caps = `video/x-raw,format=RGB,width=${width},height=${height},framerate=${Math.max(1, Math.round(fps * 100))}/100`;
  return { type: "gstreamer", launch: `videotestsrc is-live=true pattern=black ! ${caps}`, live: true };
}

function spread(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  if (sorted.length === 0) return { p50: Number.NaN, p99: Number.NaN };
  return { p50: round(percentile(sorted, 0.5)), p99: round(percentile(sorted, 0.99)) };
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
