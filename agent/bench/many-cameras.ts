import { monitorEventLoopDelay } from "node:perf_hooks";
import type { GstreamerSource } from "../../config/types.js";
import type { Rig } from "./rig.js";
import { segment } from "./segment.js";

/** The figures of an agent with many live cameras that share one model. */
export interface ManyCameras {
  readonly count: number;
  /** Scores a second of all cameras together. */
  readonly fps: number;
  /** Scores a second of the camera that got the fewest, and of the one that got the most. */
  readonly leastFps: number;
  readonly mostFps: number;
  /** Delays of the main thread's event loop. */
  readonly eventLoopDelayMs: { readonly p99: number; readonly worst: number };
}

/** A live camera as a line has them: 640 x 480, 15 frames/s; black, since painting is not what is measured. */
export const LIVE_CAMERA: GstreamerSource = {
  type: "gstreamer",
  launch: "videotestsrc is-live=true pattern=black ! video/x-raw,format=YUY2,width=640,height=480,framerate=15/1",
  live: true,
};

/** Measures a running rig after a warm-up of a quarter of the time. */
export async function measureCameras(rig: Rig, forMs: number): Promise<ManyCameras> {
  const { cameras } = rig.agent;
  await segment(rig, forMs / 4);
  const scored = (): number[] => cameras.map(({ ledger }) => ledger.counts().scored);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const before = scored();
  const startedAtMs = performance.now();
  await segment(rig, forMs, delay);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const rates = scored().map((count, camera) => (count - before[camera]!) / seconds);
  return {
    count: cameras.length,
    fps: rates.reduce((sum, rate) => sum + rate, 0),
    leastFps: Math.min(...rates),
    mostFps: Math.max(...rates),
    eventLoopDelayMs: { p99: delay.percentile(99) / 1e6, worst: delay.max / 1e6 },
  };
}
