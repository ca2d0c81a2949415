import { Subscription } from "rxjs";
import type { CameraState } from "../contract/payloads.js";
import type { AlertPhase, DropReason, Inspection, PartOutcome } from "../types.js";
import type { Instruments } from "./instruments.js";
import type { AgentView, CameraView } from "./view.js";

/** Keys of an object that the compiler holds to be all of a union, in the order written. */
const keysOf = <T extends string>(all: Readonly<Record<T, true>>): readonly T[] => Object.keys(all) as T[];

const STATES = keysOf<CameraState>({
  starting: true,
  ok: true,
  anomalous: true,
  idle: true,
  "no-signal": true,
  faulted: true,
  disabled: true,
});
const PHASES = keysOf<AlertPhase>({ raised: true, updated: true, cleared: true, acknowledged: true, shelved: true });
const OUTCOMES = keysOf<PartOutcome>({ ok: true, ng: true, unknown: true });
const DROP_REASONS = keysOf<DropReason>({ "newer-frame": true, shutdown: true, disabled: true });

/** From a trivial model on a GPU to a large one on a slow CPU. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/**
 * Scores, four steps a doubling where thresholds lie: fine enough to see good parts drift towards the threshold. The map of reverse
 * distillation is a sum of three terms of 0 to 2 each; imported models may score otherwise, and end in +Inf.
 */
const SCORES = [
  0.01, 0.02, 0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.28, 0.34, 0.4, 0.48, 0.56, 0.68, 0.8, 0.96, 1.12, 1.36, 1.6, 1.92,
  2.24, 2.72, 3.2, 4.5, 6,
];

/** What each inspected frame adds: its score, whether it was anomalous, and how long it took. */
export function scoreMetrics({ cameras }: AgentView, make: Instruments): Subscription {
  const labelNames = ["camera"] as const;
  const score = make.histogram({
    name: "retort_score",
    help: "Scores of inspected frames",
    labelNames,
    buckets: SCORES,
  });
  const anomalous = make.counter(
    "retort_frames_anomalous_total",
    "Frames whose score was above the threshold",
    labelNames,
  );
  const latency = make.histogram({
    name: "retort_latency_seconds",
    help: "From a frame leaving its camera to its score being known",
    labelNames,
    buckets: SECONDS,
  });
  const inference = make.histogram({
    name: "retort_inference_seconds",
    help: "The inference of the batch that held a frame",
    labelNames,
    buckets: SECONDS,
  });
  const observer = ({ config, threshold }: CameraView): ((inspection: Inspection) => void) => {
    const camera = { camera: config.id };
    for (const each of [score, latency, inference]) each.zero(camera);
    anomalous.inc(camera, 0);
    const series = {
      score: score.labels(camera),
      latency: latency.labels(camera),
      inference: inference.labels(camera),
    };
    return (inspection) => {
      const { frame, inferenceMs } = inspection;
      series.score.observe(inspection.score);
      if (inspection.score > (threshold() ?? Number.POSITIVE_INFINITY)) anomalous.inc(camera);
      series.latency.observe((frame.captureMs + performance.now() - frame.availableAtMs) / 1_000);
      series.inference.observe(inferenceMs / 1_000);
    };
  };
  const subscription = new Subscription();
  for (const camera of cameras) {
    const observe = observer(camera);
    subscription.add(
      camera.outcomes$.subscribe((outcome) => {
        if (outcome.kind === "inspected") observe(outcome.inspection);
      }),
    );
  }
  return subscription;
}

export function alertMetrics({ cameras, alerts$ }: AgentView, make: Instruments): Subscription {
  const steps = make.counter("retort_alerts_total", "Steps of alerts", ["camera", "phase"]);
  for (const { config } of cameras) for (const phase of PHASES) steps.inc({ camera: config.id, phase }, 0);
  return alerts$.subscribe(({ camera, phase }) => steps.inc({ camera, phase }));
}

/** What each camera's own account says. @returns reads it anew */
export function cameraMetrics({ cameras }: AgentView, make: Instruments): () => void {
  const labelNames = ["camera"] as const;
  const captured = make.counter("retort_frames_captured_total", "Frames that a camera delivered", labelNames);
  const scored = make.counter("retort_frames_scored_total", "Frames that were inspected", labelNames);
  const failed = make.counter("retort_frames_failed_total", "Frames that could not be judged", labelNames);
  const dropped = make.counter("retort_frames_dropped_total", "Frames that were captured and never inspected", [
    "camera",
    "reason",
  ]);
  const inFlight = make.gauge("retort_frames_in_flight", "Frames between capture and score", labelNames);
  const threshold = make.gauge(
    "retort_score_threshold",
    "The threshold in force, NaN until the model is there",
    labelNames,
  );
  const parts = make.counter("retort_parts_total", "Parts that got a verdict", ["camera", "verdict"]);
  const late = make.counter(
    "retort_parts_late_total",
    "Of them, those whose verdict came after the deadline",
    labelNames,
  );
  const drifting = make.gauge("retort_drifting", "1 while good parts drift", labelNames);
  const drift = make.gauge(
    "retort_drift_spreads",
    "How far the middle of good parts lies above the one that they are held against, in spreads; NaN until it is known",
    labelNames,
  );
  const states = make.gauge("retort_camera_state", "1 for the state that a camera is in", ["camera", "state"]);
  return () => {
    for (const counter of [captured, scored, failed, dropped, parts, late]) counter.reset();
    for (const each of cameras) {
      const counts = each.ledger.counts();
      const camera = each.config.id;
      captured.inc({ camera }, counts.captured);
      scored.inc({ camera }, counts.scored);
      failed.inc({ camera }, counts.failed);
      inFlight.set({ camera }, counts.inFlight);
      for (const reason of DROP_REASONS) dropped.inc({ camera, reason }, counts.dropped[reason] ?? 0);
      if (each.parts !== null) {
        for (const verdict of OUTCOMES) parts.inc({ camera, verdict }, each.parts[verdict]);
        late.inc({ camera }, each.parts.late);
      }
      threshold.set({ camera }, each.threshold() ?? Number.NaN);
      drifting.set({ camera }, each.drift.state === "drifting" ? 1 : 0);
      drift.set({ camera }, each.drift.spreads ?? Number.NaN);
      for (const state of STATES) states.set({ camera, state }, each.standing.state === state ? 1 : 0);
    }
  };
}
