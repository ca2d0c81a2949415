import { stat } from "node:fs/promises";
import { median } from "../judging/statistics.js";
import { readModel } from "../onnx/checked-model.js";
import { type NetworkCost, networkCost } from "../onnx/cost.js";
import { openSession, Tensor } from "../onnx/session.js";
import type { Bundle } from "./bundle.js";

/** What a bundle costs on any machine. */
export interface BundleSize extends NetworkCost {
  /** Of model.onnx. */
  readonly bytes: number;
}

/** What a bundle costs, and how fast it is here. */
export interface BundleCost extends BundleSize {
  /** Pictures a second on this machine, one at a time. */
  readonly framesPerSecond: number;
}

/** A bundle's model that runs once when it is asked to. */
export interface Stopwatch {
  /** @returns milliseconds */
  run(): Promise<number>;
  close(): Promise<void>;
}

/** Runs that the median is taken of: as many as fit into the time, between these two. */
const [FEWEST, MOST] = [3, 25];
const WHOLE_MS = 1_500;

/** A bundle's cost by its record, counted anew where it has none. @throws CodedError BUNDLE_*, MODEL_* */
export async function bundleSize({ manifest, modelPath }: Bundle): Promise<BundleSize> {
  const counted = manifest.cost ?? (await networkCost(await readModel(modelPath, manifest), manifest.input));
  return { ...counted, bytes: (await stat(modelPath)).size };
}

/**
 * A bundle's cost, and its speed on the CPU as the median of a few runs.
 * @param threads 0: one per core
 * @throws CodedError BUNDLE_*, MODEL_*
 */
export async function bundleCost(bundle: Bundle, threads = 0): Promise<BundleCost> {
  const size = await bundleSize(bundle);
  const watch = await openStopwatch(bundle, threads);
  try {
    return { ...size, framesPerSecond: 1_000 / (await medianMs(() => watch.run())) };
  } finally {
    await watch.close();
  }
}

/** What a bundle costs, in words. */
export function costText(cost: BundleCost): string {
  return `${sizeText(cost)}, about ${cost.framesPerSecond.toPrecision(2)} frames/s`;
}

/** What a bundle costs on any machine, in words. */
export function sizeText({ parameters, gflop, bytes }: BundleSize): string {
  return [
    `${(parameters / 1e6).toFixed(1)} million parameters`,
    gflop === null ? "operations that cannot be counted" : `${gflop.toPrecision(3)} GFLOP a picture`,
    `${(bytes / 1e6).toFixed(1)} MB`,
  ].join(", ");
}

/** The median time of a few runs, milliseconds; the first one, which is slower, does not count. */
export async function medianMs(run: () => Promise<number>): Promise<number> {
  const began = performance.now();
  await run();
  const times: number[] = [];
  while (times.length < FEWEST || (times.length < MOST && performance.now() - began < WHOLE_MS)) {
    times.push(await run());
  }
  return median(times);
}

/** @param threads 0: one per core @throws CodedError BUNDLE_*, MODEL_* */
export async function openStopwatch({ manifest, modelPath }: Bundle, threads: number): Promise<Stopwatch> {
  const session = await openSession(await readModel(modelPath, manifest), { threads });
  const { width, height } = manifest.input;
  const image = new Tensor("uint8", new Uint8Array(width * height * 3).fill(128), [1, height, width, 3]);
  return {
    async run() {
      const began = performance.now();
      await session.run({ image });
      return performance.now() - began;
    },
    close: () => session.close(),
  };
}
