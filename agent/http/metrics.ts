import type { Subscription } from "rxjs";
import type { CameraState } from "../contract/payloads.js";
import { type Instruments, openInstruments } from "./instruments.js";
import { processMetrics } from "./process-metrics.js";
import type { Streams } from "./streams.js";
import type { AgentView } from "./view.js";

/** In Prometheus' text format; every label value comes from the configuration or from a closed set. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  close(): void;
}

const STATES: readonly CameraState[] = ["starting", "ok", "anomalous", "idle", "no-signal", "faulted", "disabled"];

/** From a trivial model on a GPU to a large one on a slow CPU. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface MetricsSources {
  /** The agent's. */
  readonly version: string;
  readonly streams: Pick<Streams, "counts">;
}

export function openMetrics(view: AgentView, { version, streams }: MetricsSources): Metrics {
  const make = openInstruments();
  const events = observed(view, make);
  const own = processMetrics(make, version);
  const reads: readonly Read[] = [
    frameMetrics(make),
    cameraMetrics(make),
    deliveryMetrics(make),
    modelMetrics(make),
    evidenceMetrics(make),
    streamMetrics(make, streams),
    own.read,
  ];
  return {
    contentType: make.contentType,
    text: () => {
      for (const read of reads) read(view);
      return make.text();
    },
    close: () => {
      events.unsubscribe();
      own.close();
    },
  };
}

/** Reads the agent's state into its metrics; called before each answer. */
type Read = (view: AgentView) => void;

/** What is counted as it happens. */
function observed({ cameras, alerts$ }: AgentView, make: Instruments): Subscription {
  const options = { labelNames: ["camera"], buckets: SECONDS } as const;
  const latency = make.histogram({
    name: "retort_latency_seconds",
    help: "From a frame leaving its camera to its score being known",
    ...options,
  });
  const inference = make.histogram({
    name: "retort_inference_seconds",
    help: "The inference of the batch that held a frame",
    ...options,
  });
  const alerts = make.counter("retort_alerts_total", "Steps of alerts", ["camera", "phase"]);
  const subscription = alerts$.subscribe(({ camera, phase }) => alerts.inc({ camera, phase }));
  for (const { config, outcomes$ } of cameras) {
    const seconds = {
      latency: latency.labels({ camera: config.id }),
      inference: inference.labels({ camera: config.id }),
    };
    subscription.add(
      outcomes$.subscribe((outcome) => {
        if (outcome.kind !== "inspected") return;
        const { frame, inferenceMs } = outcome.inspection;
        seconds.latency.observe((frame.captureMs + performance.now() - frame.availableAtMs) / 1_000);
        seconds.inference.observe(inferenceMs / 1_000);
      }),
    );
  }
  return subscription;
}

function frameMetrics(make: Instruments): Read {
  const labelNames = ["camera"] as const;
  const captured = make.counter("retort_frames_captured_total", "Frames that a camera delivered", labelNames);
  const scored = make.counter("retort_frames_scored_total", "Frames that were inspected", labelNames);
  const failed = make.counter("retort_frames_failed_total", "Frames that could not be judged", labelNames);
  const dropped = make.counter("retort_frames_dropped_total", "Frames that were captured and never inspected", [
    "camera",
    "reason",
  ]);
  const inFlight = make.gauge("retort_frames_in_flight", "Frames between capture and score", labelNames);
  return ({ cameras }) => {
    for (const each of [captured, scored, failed, dropped]) each.reset();
    for (const { config, ledger } of cameras) {
      const counts = ledger.counts();
      const camera = config.id;
      captured.inc({ camera }, counts.captured);
      scored.inc({ camera }, counts.scored);
      failed.inc({ camera }, counts.failed);
      inFlight.set({ camera }, counts.inFlight);
      for (const [reason, count] of Object.entries(counts.dropped)) dropped.inc({ camera, reason }, count);
    }
  };
}

function cameraMetrics(make: Instruments): Read {
  const states = make.gauge("retort_camera_state", "1 for the state that a camera is in", ["camera", "state"]);
  return ({ cameras }) => {
    for (const { config, standing } of cameras) {
      for (const state of STATES) states.set({ camera: config.id, state }, standing.state === state ? 1 : 0);
    }
  };
}

function deliveryMetrics(make: Instruments): Read {
  const depth = make.gauge("retort_outbox_depth", "Alert messages that wait for the broker");
  const age = make.gauge("retort_outbox_age_seconds", "How long the oldest of them waits");
  const bytes = make.gauge("retort_outbox_bytes", "Alerts and pictures that wait on disk");
  const pictures = make.gauge("retort_outbox_pictures", "Pictures that wait for the broker");
  const undurable = make.gauge("retort_outbox_undurable", "Alerts that wait in memory only");
  const full = make.gauge("retort_outbox_full", "1 while the disk has no room");
  const lost = make.counter("retort_outbox_lost_total", "Alerts and pictures given up", ["reason"]);
  const connected = make.gauge("retort_broker_connected", "1 while there is a connection to the broker");
  const waiting = make.gauge("retort_messages_waiting", "Messages other than alerts that wait in memory");
  const dropped = make.counter("retort_messages_lost_total", "Messages other than alerts, given up", ["reason"]);
  return (view) => {
    const outbox = view.outbox();
    const broker = view.broker();
    depth.set(outbox.depth);
    age.set(outbox.ageMs / 1_000);
    bytes.set(outbox.bytes);
    pictures.set(outbox.evidence);
    undurable.set(outbox.undurable);
    full.set(outbox.full ? 1 : 0);
    connected.set(broker.connected ? 1 : 0);
    waiting.set(broker.waiting);
    lost.reset();
    for (const [reason, count] of Object.entries(outbox.lost)) lost.inc({ reason }, count);
    dropped.reset();
    for (const [reason, count] of Object.entries(broker.lost)) dropped.inc({ reason }, count);
  };
}

function modelMetrics(make: Instruments): Read {
  const labelNames = ["model", "name", "version", "provider"] as const;
  const info = make.gauge("retort_model_info", "1 for each model that is loaded", labelNames);
  return ({ models }) => {
    info.reset();
    for (const [model, { engine }] of models) {
      const { name, version } = engine.model;
      info.set({ model, name, version, provider: engine.providers().used }, 1);
    }
  };
}

function evidenceMetrics(make: Instruments): Read {
  const pictures = make.counter("retort_evidence_pictures_total", "Pictures of alerts", ["outcome"]);
  const bytes = make.gauge("retort_evidence_bytes", "What pictures and raw frames take on disk");
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
  return ({ evidence }) => {
    const health = evidence.health();
    if (health === null) return;
    pictures.reset();
    pictures.inc({ outcome: "made" }, health.made);
    pictures.inc({ outcome: "skipped" }, sum(health.skipped));
    pictures.inc({ outcome: "failed" }, sum(health.failed) + sum(health.stored.failed));
    bytes.set(health.stored.mb * 1_048_576);
  };
}

function streamMetrics(make: Instruments, streams: MetricsSources["streams"]): Read {
  const labelNames = ["camera"] as const;
  const clients = make.gauge("retort_stream_clients", "Clients of /stream", labelNames);
  const sent = make.counter("retort_stream_pictures_sent_total", "Pictures that clients took", labelNames);
  const dropped = make.counter(
    "retort_stream_pictures_dropped_total",
    "Pictures not sent to clients that were still busy with an earlier one",
    labelNames,
  );
  const cut = make.counter("retort_stream_clients_cut_total", "Clients that took nothing for too long", labelNames);
  return () => {
    for (const each of [sent, dropped, cut]) each.reset();
    for (const [camera, counts] of streams.counts()) {
      clients.set({ camera }, counts.clients);
      sent.inc({ camera }, counts.sent);
      dropped.inc({ camera }, counts.dropped);
      cut.inc({ camera }, counts.cut);
    }
  };
}
