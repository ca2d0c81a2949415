import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultsOf } from "../../config/defaults.js";
import { schema } from "../../config/schema.js";
import type { CameraConfig, Config, GstreamerSource } from "../../config/types.js";
import { CodedError } from "../../errors.js";
import { type RunningAgent, startAgent } from "../agent.js";
import { baseTopic, topics } from "../contract/topics.js";
import { type Http, openHttp } from "../http/open.js";
import type { AgentView } from "../http/view.js";
import { loadModel } from "../inference/load.js";
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
  /** Of what one part is; none unless given. */
  readonly parts?: Partial<CameraConfig["parts"]>;
  /** Whether it answers HTTP; not unless given. */
  readonly http?: boolean;
  /** The folder that the agent's own is made in; that for temporary files unless given. */
  readonly stateIn?: string;
}

/** A whole agent that can be paused, and its broker. */
export interface BenchAgent {
  readonly agent: RunningAgent;
  readonly gate: Gate;
  /** The broker's. */
  readonly url: string;
  /** HTTP's, with a slash at its end; null where it does not answer. */
  readonly httpUrl: string | null;
  /** Of the agent's topics. */
  readonly base: string;
  close(): Promise<void>;
}

/** A whole agent, from a real source to a real subscriber to its scores. */
export interface Rig extends BenchAgent {
  readonly listener: Listener;
}

/** The longest that each part may take to close, ms. */
const FOLDER_MS = 5_000;
const AGENT_MS = 6_000;
const LISTENER_MS = 5_000;
const quiet: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Starts paused. @throws CodedError of startBenchAgent */
export function startRig(options: RigOptions): Promise<Rig> {
  return opening(quiet.warn, async (closing) => {
    const bench = await startBenchAgent(options);
    closing.adopt(bench.close);
    const listener = await openListener({ url: bench.url, topic: `${bench.base}/${topics.score("+")}` });
    closing.add("the subscriber", LISTENER_MS, () => listener.close());
    return { ...bench, listener, close: () => closing.close() };
  });
}

/** Starts paused. @throws CodedError BENCH_FAILED when the camera does not start, or those of startAgent */
export function startBenchAgent({ watchCamera, stateIn, ...options }: RigOptions): Promise<BenchAgent> {
  return opening(quiet.warn, async (closing) => {
    const statePath = await mkdtemp(join(stateIn ?? tmpdir(), "retort-bench-"));
    closing.add("the state folder", FOLDER_MS, () => rm(statePath, { recursive: true, force: true }));
    const gate = demandGate();
    let edge: MqttEdge | null = null;
    let http: Http | null = null;
    const agent = await startAgent(configOf(options, statePath), {
      watchCamera: (options) => watchCamera({ ...options, demand$: gate.pass(options.demand$) }),
      openPublisher: async (config, log, outbox) => {
        edge = await openMqtt(config, log, outbox, { port: 0 });
        return edge;
      },
      ...(options.http === true && {
        openHttp: (view: AgentView) => {
          http = openHttp(view, { version: "bench", log: quiet });
          return http;
        },
      }),
      // What is measured is the same from the first frame to the last, and the bare model's beside it: TensorRT builds in its place.
      loadModel: (dir, load) => loadModel(dir, { ...load, engines: null }),
      log: quiet,
    });
    closing.add("the agent", AGENT_MS, agent.stop);
    await agent.started;
    const url = (edge as MqttEdge | null)?.url;
    if (url === undefined || agent.models.size === 0) {
      throw new CodedError("BENCH_FAILED", "the model could not be started", { at: options.bundle });
    }
    await (http as Http | null)?.tried;
    const httpUrl = (http as Http | null)?.url() ?? null;
    return { agent, gate, url, httpUrl, base: baseTopic(PREFIX, ID), close: () => closing.close() };
  });
}

const PREFIX = "retort-bench";
const ID = "bench";
const { agent, mqtt, inference, cameras, alerts, evidence, outbox, http, modbus, homeAssistant, sparkplug } =
  schema.keys;
const { roi, health, alert, parts, modbus: cameraModbus } = cameras.each.keys;

/** A camera of the bench: every picture is wanted, none is looked at as a picture, and none is anomalous. */
export function benchCamera(id: string, source: GstreamerSource, ofParts: RigOptions["parts"] = {}): CameraConfig {
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
    parts: { ...defaultsOf(parts), ...ofParts },
    modbus: defaultsOf(cameraModbus),
  };
}

function configOf(options: Omit<RigOptions, "watchCamera" | "stateIn">, statePath: string): Config {
  const { bundle, threads, source, cameras: count = 1 } = options;
  const ids = Array.from({ length: count }, (_, index) => `bench-${index + 1}`);
  return {
    agent: { ...defaultsOf(agent), id: ID },
    mqtt: { ...defaultsOf(mqtt), prefix: PREFIX },
    models: { bench: { path: bundle } },
    inference: { ...defaultsOf(inference), precision: "fp32", threads },
    cameras: ids.map((id) => benchCamera(id, source, options.parts)),
    alerts: { ...defaultsOf(alerts), floodAbove: 0, historyMax: 1, historyDays: 1 },
    http: { ...defaultsOf(http), enabled: options.http === true, port: 0 },
    modbus: defaultsOf(modbus),
    sparkplug: defaultsOf(sparkplug),
    homeAssistant: defaultsOf(homeAssistant),
    evidence: { ...defaultsOf(evidence), maxMb: 64, keepDays: 1 },
    outbox: { ...defaultsOf(outbox), maxMb: 16 },
    state: { path: statePath },
  };
}
