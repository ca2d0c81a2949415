import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultsOf } from "../../config/defaults.js";
import { schema } from "../../config/schema.js";
import type { CameraConfig, Config, GstreamerSource } from "../../config/types.js";
import { CodedError } from "../../errors.js";
import { type RunningAgent, startAgent } from "../agent.js";
import { opening } from "../kit/closing.js";
import type { Logger } from "../kit/log.js";
import type { CameraDeps } from "../line/camera.js";
import { type MqttEdge, openMqtt } from "../mqtt/open.js";
import { demandGate, type Gate } from "./gate.js";
import { type Listener, openListener } from "./listener.js";

export interface RigOptions {
  readonly bundle: string;
  readonly threads: number;
  readonly source: GstreamerSource;
  readonly watchCamera: CameraDeps["watchCamera"];
  /** Cameras with this source; 1 unless given. */
  readonly cameras?: number;
}

/** A whole agent, from a real source to a real subscriber, that can be paused. */
export interface Rig {
  readonly agent: RunningAgent;
  readonly gate: Gate;
  readonly listener: Listener;
  close(): Promise<void>;
}

/** The longest that each part may take to close, ms. */
const FOLDER_MS = 5_000;
const AGENT_MS = 6_000;
const LISTENER_MS = 5_000;
const quiet: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Starts paused. @throws CodedError BENCH_FAILED when the camera does not start, or those of startAgent */
export function startRig({ watchCamera, ...options }: RigOptions): Promise<Rig> {
  return opening(quiet.warn, async (closing) => {
    const statePath = await mkdtemp(join(tmpdir(), "retort-bench-"));
    closing.add("the state folder", FOLDER_MS, () => rm(statePath, { recursive: true, force: true }));
    const gate = demandGate();
    let edge: MqttEdge | null = null;
    const agent = await startAgent(configOf(options, statePath), {
      watchCamera: (options) => watchCamera({ ...options, demand$: gate.pass(options.demand$) }),
      openPublisher: async (config, log, outbox) => {
        edge = await openMqtt(config, log, outbox, 0);
        return edge;
      },
      log: quiet,
    });
    closing.add("the agent", AGENT_MS, agent.stop);
    await agent.started;
    const url = (edge as MqttEdge | null)?.url;
    if (url === undefined || agent.models.size === 0) {
      throw new CodedError("BENCH_FAILED", "the model could not be started", { at: options.bundle });
    }
    const listener = await openListener({ url, topic: `retort-bench/bench/+/score` });
    closing.add("the subscriber", LISTENER_MS, () => listener.close());
    return { agent, gate, listener, close: () => closing.close() };
  });
}

const { agent, mqtt, inference, cameras, alerts, evidence, outbox, http } = schema.keys;
const { roi, health, alert, parts } = cameras.each.keys;

/** A camera of the bench: every picture is wanted, none is looked at as a picture, and none is anomalous. */
export function benchCamera(id: string, source: GstreamerSource): CameraConfig {
  return {
    id,
    model: "bench",
    enabled: true,
    source,
    fps: 100_000,
    noSignalAfterS: "auto",
    roi: defaultsOf(roi),
    // A test pattern is no view of a part.
    health: { ...defaultsOf(health), enabled: false },
    alert: { ...defaultsOf(alert), threshold: Number.MAX_VALUE },
    parts: defaultsOf(parts),
  };
}

function configOf(options: Omit<RigOptions, "watchCamera">, statePath: string): Config {
  const { bundle, threads, source, cameras: count = 1 } = options;
  return {
    agent: { ...defaultsOf(agent), id: "bench" },
    mqtt: { ...defaultsOf(mqtt), prefix: "retort-bench" },
    models: { bench: { path: bundle } },
    inference: { ...defaultsOf(inference), precision: "fp32", threads },
    cameras: Array.from({ length: count }, (_, index) => benchCamera(`bench-${index + 1}`, source)),
    alerts: { ...defaultsOf(alerts), floodAbove: 0, historyMax: 1, historyDays: 1 },
    http: { ...defaultsOf(http), enabled: false },
    evidence: { ...defaultsOf(evidence), maxMb: 64, keepDays: 1 },
    outbox: { ...defaultsOf(outbox), maxMb: 16 },
    state: { path: statePath },
  };
}
