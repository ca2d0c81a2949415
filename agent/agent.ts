import type { Observable } from "rxjs";
import type { CameraConfig, Config } from "../config/types.js";
import { type CameraDeps, type RunningCamera, runCamera } from "./cameras.js";
import { contextBook } from "./context.js";
import { type MachineHealth, machineHealth } from "./health/machine.js";
import { healthMessage } from "./health/report.js";
import { type LoadedModel, type LoadOptions, loadModel } from "./inference/load.js";
import { modelShelf } from "./inference/shelf.js";
import type { CameraContext } from "./mqtt/inbound.js";
import type { OutboxHealth } from "./mqtt/payloads.js";
import { openAlertDesk } from "./outbox/alert-desk.js";
import { type AlertSequence, openAlertSequence } from "./outbox/alert-sequence.js";
import { type Outgoing, stateMessage } from "./outgoing.js";
import type { Message } from "./types.js";

/** Where the agent says what happens; pino's logger is one. */
export interface Logger {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** The part of the MQTT publisher that the agent needs. */
export interface MessageSink {
  /** Never rejects: what is given up is counted in `health`. */
  publish(message: Message): Promise<void>;
  health(): OutboxHealth;
  /** What the line's control says. Nothing arrives before the turn in which the sink is opened has ended. */
  readonly context$: Observable<CameraContext>;
  close(): Promise<void>;
}

/** The edges, each with its real default where it has one. */
export interface AgentDeps {
  readonly watchCamera: CameraDeps["watchCamera"];
  /** Does not wait for the broker: it connects, and reconnects, behind. */
  readonly openPublisher: (config: Config, log: Logger) => Promise<MessageSink>;
  readonly log: Logger;
  readonly loadModel?: (dir: string, options: LoadOptions) => Promise<LoadedModel>;
  readonly openAlertSequence?: (statePath: string) => Promise<AlertSequence>;
  readonly machineHealth?: () => Promise<MachineHealth>;
  readonly clock?: CameraDeps["clock"];
  readonly healthEveryMs?: number;
}

export interface RunningAgent {
  /** When every camera runs or is known to be faulted. Never rejects. */
  readonly started: Promise<void>;
  readonly cameras: readonly RunningCamera[];
  readonly models: ReadonlyMap<string, LoadedModel>;
  /** Within 5 s, whatever hangs. Safe to call twice. */
  stop(): Promise<void>;
}

const realClock: CameraDeps["clock"] = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/** The shares of the 5 s that a stop may take. */
const DRAIN_MS = 1_200;
const ENGINES_MS = 800;
const PUBLISHER_MS = 2_600;

/**
 * The composition root: builds the edges, starts them, stops them in reverse.
 * @throws CodedError when the state directory or the publisher cannot be opened; a camera's fault is its state instead.
 */
export async function startAgent(config: Config, deps: AgentDeps): Promise<RunningAgent> {
  const { log, clock = realClock, healthEveryMs = 10_000 } = deps;
  const startedAtMs = clock.monotonicMs();
  const sequence = await (deps.openAlertSequence ?? openAlertSequence)(config.state.path);
  const publisher = await deps.openPublisher(config, log);
  const contexts = contextBook(
    config.cameras.map(({ id }) => id),
    ({ code, message, remedy }) => log.warn(`${code}: ${message}. ${remedy}`),
  );
  publisher.context$.subscribe(contexts.hear);
  const publish = (message: Message): Promise<void> => publisher.publish(message);
  const desk = openAlertDesk({
    sequence,
    publish,
    onLost: (reason) => log.error(`an alert was lost: ${reason}`),
  });
  const shelf = modelShelf(config, deps.loadModel ?? loadModel, (model, reason) =>
    log.error(`model ${model}: its inference thread is started again: ${reason}`),
  );
  const send = (outgoing: Outgoing, { calibration }: LoadedModel): void => {
    if (outgoing.kind === "message") {
      void publish(outgoing.message);
      return;
    }
    desk.accept(outgoing.step, { calibration });
  };
  const tellState: CameraDeps["tellState"] = (camera, standing) => {
    if (standing.state === "faulted") log.error(`${camera.id}: ${standing.reason}`);
    void publish(stateMessage(camera.id, standing, clock.wallMs()));
  };
  const model = (camera: CameraConfig) => shelf.get(camera.model);
  const { watchCamera } = deps;
  const cameraDeps: CameraDeps = { watchCamera, model, send, tellState, context: contexts.of, clock };
  const cameras = config.cameras.map((camera) => runCamera(camera, cameraDeps));
  const tellHealth = async (): Promise<void> => {
    const machine = await (deps.machineHealth ?? machineHealth)();
    const sink = publisher.health();
    const outbox = { ...sink, lost: { ...sink.lost, unnumbered: desk.lost() } };
    const nowMs = clock.monotonicMs();
    const uptimeMs = nowMs - startedAtMs;
    const wallMs = clock.wallMs();
    void publish(healthMessage({ cameras, models: shelf.loaded, outbox, machine, uptimeMs, nowMs, wallMs }));
  };
  const healthTimer = setInterval(() => void tellHealth(), healthEveryMs);
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    clearInterval(healthTimer);
    for (const camera of cameras) camera.stop();
    await within(DRAIN_MS, Promise.all(cameras.map(({ ended }) => ended)));
    await within(ENGINES_MS, shelf.close());
    await within(PUBLISHER_MS, publisher.close());
  };
  return {
    started: Promise.all(cameras.map(({ started }) => started)).then(() => undefined),
    cameras,
    models: shelf.loaded,
    stop: () => (stopping ??= stop()),
  };
}

/** Waits for the work, but no longer: a stop is never held up by what hangs. */
async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
