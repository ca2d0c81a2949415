import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Subscription } from "rxjs";
import type { CameraState } from "../mqtt/payloads.js";
import type { Streams } from "./streams.js";
import type { AgentView } from "./view.js";

/** In Prometheus' text format; every label value comes from the configuration or from a closed set. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  close(): void;
}

const STATES: readonly CameraState[] = ["starting", "ok", "anomalous", "idle", "no-signal", "faulted", "disabled"];

const RESOLUTION_MS = 10;

/** From a trivial model on a GPU to a large one on a slow CPU. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface MetricsSources {
  /** The agent's. */
  readonly version: string;
  readonly streams: Pick<Streams, "counts">;
}

/** The only file that imports prom-client. */
export function openMetrics(view: AgentView, { version, streams }: MetricsSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const events = observed(view, registers);
  const reads: readonly Read[] = [
    frameMetrics(registers),
    cameraMetrics(registers),
    deliveryMetrics(registers),
    modelMetrics(registers),
    evidenceMetrics(registers),
    streamMetrics(registers, streams),
    processMetrics(registers, delays, version),
  ];
  return {
    contentType: registry.contentType,
    text: () => {
      for (const read of reads) read(view);
      return registry.metrics();
    },
    close: () => {
      events.unsubscribe();
      delays.disable();
    },
  };
}

/** Reads the agent's state into its metrics; called before each answer. */
type Read = (view: AgentView) => void;
type Registers = Registry[];

/** What is counted as it happens. */
function observed({ cameras, alerts$ }: AgentView, registers: Registers): Subscription {
  const options = { labelNames: ["camera"] as const, buckets: SECONDS, registers };
  const latency = new Histogram({
    name: "retort_latency_seconds",
    help: "From a frame leaving its camera to its score being known",
    ...options,
  });
  const inference = new Histogram({
    name: "retort_inference_seconds",
    help: "The inference of the batch that held a frame",
    ...options,
  });
  const alerts = counter("retort_alerts_total", "Steps of alerts", ["camera", "phase"], registers);
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

function frameMetrics(registers: Registers): Read {
  const labelNames = ["camera"] as const;
  const captured = counter("retort_frames_captured_total", "Frames that a camera delivered", labelNames, registers);
  const scored = counter("retort_frames_scored_total", "Frames that were inspected", labelNames, registers);
  const failed = counter("retort_frames_failed_total", "Frames that could not be judged", labelNames, registers);
  const dropped = counter(
    "retort_frames_dropped_total",
    "Frames that were captured and never inspected",
    ["camera", "reason"],
    registers,
  );
  const inFlight = gauge("retort_frames_in_flight", "Frames between capture and score", labelNames, registers);
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

function cameraMetrics(registers: Registers): Read {
  const states = gauge("retort_camera_state", "1 for the state that a camera is in", ["camera", "state"], registers);
  return ({ cameras }) => {
    for (const { config, standing } of cameras) {
      for (const state of STATES) states.set({ camera: config.id, state }, standing.state === state ? 1 : 0);
    }
  };
}

function deliveryMetrics(registers: Registers): Read {
  const connected = gauge("retort_broker_connected", "1 while there is a connection to the broker", [], registers);
  const depth = gauge("retort_outbox_depth", "Messages that wait for the broker", [], registers);
  const age = gauge("retort_outbox_age_seconds", "How long the oldest of them waits", [], registers);
  const lost = counter("retort_outbox_lost_total", "Messages given up", ["reason"], registers);
  return ({ outbox, brokerConnected }) => {
    const { depth: waiting, ageMs, lost: givenUp } = outbox();
    connected.set(brokerConnected() ? 1 : 0);
    depth.set(waiting);
    age.set(ageMs / 1_000);
    lost.reset();
    for (const [reason, count] of Object.entries(givenUp)) lost.inc({ reason }, count);
  };
}

function modelMetrics(registers: Registers): Read {
  const labelNames = ["model", "name", "version", "provider"] as const;
  const info = gauge("retort_model_info", "1 for each model that is loaded", labelNames, registers);
  return ({ models }) => {
    info.reset();
    for (const [model, { engine }] of models) {
      const { name, version } = engine.model;
      info.set({ model, name, version, provider: engine.providers().used }, 1);
    }
  };
}

function evidenceMetrics(registers: Registers): Read {
  const pictures = counter("retort_evidence_pictures_total", "Pictures of alerts", ["outcome"], registers);
  const bytes = gauge("retort_evidence_bytes", "What pictures and raw frames take on disk", [], registers);
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

function streamMetrics(registers: Registers, streams: MetricsSources["streams"]): Read {
  const labelNames = ["camera"] as const;
  const clients = gauge("retort_stream_clients", "Clients of /stream", labelNames, registers);
  const sent = counter("retort_stream_pictures_sent_total", "Pictures that clients took", labelNames, registers);
  const dropped = counter(
    "retort_stream_pictures_dropped_total",
    "Pictures not sent to clients that were still busy with an earlier one",
    labelNames,
    registers,
  );
  const cut = counter(
    "retort_stream_clients_cut_total",
    "Clients that took nothing for too long",
    labelNames,
    registers,
  );
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

function processMetrics(registers: Registers, delays: IntervalHistogram, version: string): Read {
  const build = gauge("retort_build_info", "1", ["version", "node"], registers);
  build.set({ version, node: process.version }, 1);
  const delay = gauge(
    "retort_event_loop_delay_seconds",
    "How late the event loop was since the last scrape",
    ["quantile"],
    registers,
  );
  const memory = gauge("retort_memory_bytes", "Memory of the process", ["kind"], registers);
  const cpu = counter("retort_cpu_seconds_total", "CPU time of the process, all threads", [], registers);
  const uptime = gauge("retort_uptime_seconds", "Since the process started", [], registers);
  return () => {
    // It records the time between two timers; an empty interval has no percentiles.
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) / 1_000;
    const seconds = (nanoseconds: number) => (delays.count === 0 ? 0 : late(nanoseconds));
    delay.set({ quantile: "0.5" }, seconds(delays.percentile(50)));
    delay.set({ quantile: "0.99" }, seconds(delays.percentile(99)));
    delay.set({ quantile: "1" }, seconds(delays.max));
    delays.reset();
    const { rss, heapUsed, external } = process.memoryUsage();
    memory.set({ kind: "rss" }, rss);
    memory.set({ kind: "heap" }, heapUsed);
    memory.set({ kind: "external" }, external);
    const { user, system } = process.cpuUsage();
    cpu.reset();
    cpu.inc((user + system) / 1e6);
    uptime.set(process.uptime());
  };
}

/** Filled from the agent's own counts, which go up alone: reset and set anew at each reading. */
function counter<T extends string>(name: string, help: string, labelNames: readonly T[], registers: Registers) {
  return new Counter<T>({ name, help, labelNames, registers });
}

function gauge<T extends string>(name: string, help: string, labelNames: readonly T[], registers: Registers) {
  return new Gauge<T>({ name, help, labelNames, registers });
}
