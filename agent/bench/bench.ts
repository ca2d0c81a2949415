import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { GstreamerSource } from "../../config/types.js";
import { readBundle } from "../../models/bundle.js";
import type { CameraDeps } from "../cameras.js";
import { percentile } from "../health/ledger.js";
import { type BareModel, openBareModel } from "../inference/measure.js";
import type { Size } from "../types.js";
import type { Tally } from "./listener.js";
import { type Rig, startRig } from "./rig.js";
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
  /** Of scores at an MQTT subscriber, the source giving frames as fast as they are asked for. */
  readonly endToEndFps: number;
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

/** Frames of a segment's beginning that are not counted: the first ones find an idle machine. */
const SETTLE_MS = 500;

/**
 * The machine's ceiling and the agent's share of it, in interleaved segments, so that what else the machine does meets
 * both alike.
 * @throws CodedError of readBundle, ENGINE_OPEN_FAILED or BENCH_FAILED
 */
export async function runBench(options: BenchOptions): Promise<BenchResult> {
  const threads = options.threads > 0 ? options.threads : availableParallelism();
  const { modelPath, manifest } = await readBundle(options.bundle);
  const segmentMs = options.segmentMs ?? 5_000;
  const say = options.onProgress ?? (() => undefined);
  const rigOf = (bundle: string, source: GstreamerSource) =>
    startRig({ bundle, threads, source, watchCamera: options.watchCamera });

  say("warming up");
  const rig = await rigOf(options.bundle, endlessSource(manifest.input));
  await segment(rig, segmentMs / 2);
  const rssMb = Math.round(process.memoryUsage.rss() / 1_048_576);
  const { used: provider } = rig.agent.models.get("bench")!.engine.providers();
  const bare = await openBareModel({
    modelPath,
    input: manifest.input,
    providers: [provider],
    threads,
    batchSizes: [1],
  });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const compared = await interleave(bare, rig, { perSideMs: options.seconds * 1_000, segmentMs, delay, say });
  await bare.close();
  await rig.close();

  const { ceilingFps, endToEndFps } = compared;
  say("latency at half the ceiling's rate");
  const paced = await rigOf(options.bundle, liveSource(manifest.input, ceilingFps / 2));
  const { latencyMs, outsideMs } = await segment(paced, Math.max(segmentMs, options.seconds * 500));
  await paced.close();

  say("the trivial model");
  const trivialFps = await trivial(manifest.input, segmentMs, rigOf);
  return {
    model: `${manifest.name} ${manifest.version}`,
    provider,
    threads,
    ceilingFps: round(ceilingFps),
    endToEndFps: round(endToEndFps),
    ratio: round(endToEndFps / ceilingFps),
    outsideInferenceMs: spread(outsideMs),
    latencyMs: spread(latencyMs),
    trivialFps: round(trivialFps),
    eventLoopDelayMs: { p99: round(delay.percentile(99) / 1e6) },
    rssMb,
  };
}

interface Turns {
  readonly perSideMs: number;
  readonly segmentMs: number;
  readonly delay: IntervalHistogram;
  readonly say: (text: string) => void;
}

async function interleave(bare: BareModel, rig: Rig, { perSideMs, segmentMs, delay, say }: Turns) {
  const rounds = Math.max(1, Math.round(perSideMs / segmentMs));
  const forMs = perSideMs / rounds;
  const total = { bareFrames: 0, bareMs: 0, frames: 0, ms: 0 };
  for (let round = 1; round <= rounds; round += 1) {
    say(`bare model and whole agent in turn, ${round} of ${rounds}`);
    const { frames, ms } = await bare.run(forMs);
    total.bareFrames += frames;
    total.bareMs += ms;
    const agent = await segment(rig, forMs, delay);
    total.frames += intervals(agent);
    total.ms += agent.spanMs;
  }
  return {
    ceilingFps: (total.bareFrames / total.bareMs) * 1_000,
    endToEndFps: (total.frames / total.ms) * 1_000,
  };
}

/** Lets the agent run, and takes what the subscriber received. */
async function segment({ gate, listener, agent }: Rig, forMs: number, delay?: IntervalHistogram): Promise<Tally> {
  gate.open();
  await sleep(SETTLE_MS);
  await listener.take();
  delay?.enable();
  await sleep(forMs);
  const tally = await listener.take();
  delay?.disable();
  gate.close();
  while (agent.cameras.some(({ ledger }) => ledger.counts().inFlight > 0)) await sleep(5);
  return tally;
}

/** Counted with the span they fill: a frame cut at either end of a segment would be a per cent of it. */
function intervals({ latencyMs }: Tally): number {
  return Math.max(0, latencyMs.length - 1);
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
    await segment(rig, forMs / 2);
    const tally = await segment(rig, forMs);
    await rig.close();
    return (intervals(tally) / tally.spanMs) * 1_000;
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
