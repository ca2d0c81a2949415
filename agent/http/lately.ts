import { type Observable, Subscription } from "rxjs";
import type { ScorePoint } from "../contract/live-events.js";
import type { VerdictPayload } from "../contract/part-payloads.js";
import { type FrameHealth, round } from "../contract/payloads.js";
import type { Inspection } from "../types.js";
import { LastHour } from "./last-hour.js";
import { ScoreRing, shortened } from "./score-ring.js";
import type { CameraView } from "./view.js";

/** Verdicts of a camera that a page begins with. */
const MOST_VERDICTS = 60;
/** Frames that the rate and the latency are told from. */
const MOST_FRAMES = 512;
const RATE_MS = 5_000;

/** What a camera did of late, kept whether somebody looks or not: some numbers a frame, 200 KB. */
export class CameraLately {
  readonly scores = new ScoreRing();
  readonly hour: LastHour;
  readonly #camera: CameraView;
  readonly #endedAtMs = new Float64Array(MOST_FRAMES);
  readonly #latencyMs = new Float64Array(MOST_FRAMES);
  #frames = 0;
  #verdicts: VerdictPayload[] = [];
  #point: Mutable<ScorePoint> | null = null;

  constructor(camera: CameraView) {
    this.#camera = camera;
    this.hour = new LastHour(performance.now());
  }

  get verdicts(): readonly VerdictPayload[] {
    return this.#verdicts;
  }

  inspected({ frame, score }: Inspection): void {
    const threshold = this.#camera.threshold();
    if (threshold === null) return;
    const nowMs = performance.now();
    const latencyMs = frame.captureMs + nowMs - frame.availableAtMs;
    const place = this.#frames % MOST_FRAMES;
    this.#endedAtMs[place] = nowMs;
    this.#latencyMs[place] = latencyMs;
    this.#frames += 1;
    const atMs = frame.capturedAtMs;
    const isAnomalous = score > threshold;
    this.scores.saw({ atMs, score, threshold });
    if (this.#camera.parts === null) this.hour.frame(score, isAnomalous, nowMs);
    const point = this.#point;
    this.#point = {
      atMs,
      frame: frame.number,
      last: score,
      threshold,
      latencyMs,
      min: Math.min(point?.min ?? score, score),
      max: Math.max(point?.max ?? score, score),
      frames: (point?.frames ?? 0) + 1,
      anomalous: (point?.anomalous ?? 0) + (isAnomalous ? 1 : 0),
    };
  }

  judged(verdict: VerdictPayload): void {
    this.hour.part(verdict, performance.now());
    this.#verdicts.push(verdict);
    if (this.#verdicts.length > 2 * MOST_VERDICTS) this.#verdicts = this.#verdicts.slice(-MOST_VERDICTS);
  }

  /** What was judged since this was last asked; null where nothing was. */
  takePoint(): ScorePoint | null {
    const point = this.#point;
    this.#point = null;
    if (point === null) return null;
    for (const key of ["last", "threshold", "min", "max"] as const) point[key] = shortened(point[key]);
    return { ...point, latencyMs: round(point.latencyMs) };
  }

  /** Of the last seconds. */
  pace(): Pick<FrameHealth, "fps" | "latencyMs"> {
    const nowMs = performance.now();
    const known = Math.min(this.#frames, MOST_FRAMES);
    const latenciesMs: number[] = [];
    let sinceMs = nowMs - RATE_MS;
    for (let place = 0; place < known; place += 1) {
      if (this.#endedAtMs[place]! >= sinceMs) latenciesMs.push(this.#latencyMs[place]!);
    }
    // Where more came than are kept, the rate is that of those kept.
    if (latenciesMs.length === MOST_FRAMES) sinceMs = this.#endedAtMs[this.#frames % MOST_FRAMES]!;
    if (latenciesMs.length === 0) return { fps: 0, latencyMs: null };
    latenciesMs.sort((a, b) => a - b);
    const percentile = (share: number): number => latenciesMs[Math.ceil(share * latenciesMs.length) - 1]!;
    return {
      fps: Math.round((latenciesMs.length / (nowMs - sinceMs)) * 10_000) / 10,
      latencyMs: { p50: round(percentile(0.5)), p99: round(percentile(0.99)) },
    };
  }
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** By camera. */
export interface Lately {
  of(camera: string): CameraLately;
  close(): void;
}

export function watchLately(cameras: readonly CameraView[], verdicts$: Observable<VerdictPayload>): Lately {
  const watching = new Subscription();
  const lately = new Map(
    cameras.map((camera) => {
      const kept = new CameraLately(camera);
      watching.add(
        camera.outcomes$.subscribe((outcome) => {
          if (outcome.kind === "inspected") kept.inspected(outcome.inspection);
        }),
      );
      return [camera.config.id, kept] as const;
    }),
  );
  watching.add(verdicts$.subscribe((verdict) => lately.get(verdict.camera)?.judged(verdict)));
  return {
    of: (camera) => lately.get(camera)!,
    close: () => watching.unsubscribe(),
  };
}
