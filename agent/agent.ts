import type { Config } from "../config/types.js";
import { CodedError } from "../errors.js";
import { commandHandlers } from "./commands/commands.js";
import { serveCommands } from "./commands/serve.js";
import { openSettings } from "./commands/settings.js";
import type { MessageSink } from "./contract/message-sink.js";
import { baseTopic } from "./contract/topics.js";
import { openValidator } from "./contract/validator.js";
import { type Evidence, type EvidenceOptions, openEvidence } from "./evidence/evidence.js";
import { type MachineHealth, machineHealth } from "./health/machine.js";
import { type HealthParts, healthMessage, healthNow, statesOf } from "./health/report.js";
import type { AlertHistory } from "./history/history.js";
import { type HistoryOptions, openHistory } from "./history/open.js";
import type { AgentView } from "./http/view.js";
import { type LoadedModel, type LoadOptions, loadModel } from "./inference/load.js";
import { modelShelf } from "./inference/model-registry.js";
import { MOST_STUCK, stuckThreads } from "./inference/stuck.js";
import type { Logger } from "./kit/log.js";
import { within } from "./kit/within.js";
import { alertDesk } from "./line/alert-intake.js";
import { type CameraDeps, type RunningCamera, runCamera } from "./line/camera.js";
import { contextBook } from "./line/contexts.js";
import { stateMessage } from "./line/outgoing.js";
import { type OutboxOptions, openOutbox } from "./outbox/open.js";
import type { Outbox } from "./outbox/outbox.js";
import { raiseRate } from "./scoring/raise-rate.js";
import { startSelfTests } from "./self-test/self-tests.js";
import type { Message } from "./types.js";

/** The edges, each with its real default where it has one. */
export interface AgentDeps {
  readonly watchCamera: CameraDeps["watchCamera"];
  /** Does not wait for the broker: it connects, and reconnects, behind; what is in the outbox it delivers. */
  readonly openPublisher: (config: Config, log: Logger, outbox: Outbox) => Promise<MessageSink>;
  readonly log: Logger;
  /** Absent: nobody can look in. Never rejects, never waits. */
  readonly openHttp?: (view: AgentView, log: Logger) => { close(): Promise<void> };
  readonly loadModel?: (dir: string, options: LoadOptions) => Promise<LoadedModel>;
  readonly openEvidence?: (options: EvidenceOptions) => Promise<Evidence>;
  readonly openHistory?: (options: HistoryOptions) => Promise<AlertHistory>;
  readonly openOutbox?: (options: OutboxOptions) => Promise<Outbox>;
  readonly machineHealth?: () => Promise<MachineHealth>;
  readonly clock?: CameraDeps["clock"];
  readonly healthEveryMs?: number;
}

export interface RunningAgent {
  /** When every camera runs or is known to be faulted. Never rejects. */
  readonly started: Promise<void>;
  readonly cameras: readonly RunningCamera[];
  readonly models: ReadonlyMap<string, LoadedModel>;
  /** AGENT_STUCK, when only a new process can go on: stop, and leave the rest to the supervisor. Never rejects. */
  readonly unfit: Promise<CodedError>;
  /** Within 5 s, whatever hangs. Safe to call twice. */
  stop(): Promise<void>;
}

const realClock: CameraDeps["clock"] = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/** The shares of the 5 s that a stop may take. */
const HTTP_MS = 200;
const DRAIN_MS = 1_200;
const ENGINES_MS = 800;
const PUBLISHER_MS = 2_600;
const STORES_MS = 300;
/** How often shelvings are ended and floods told of. */
const TICK_MS = 1_000;

/**
 * The composition root: builds the edges, starts them, stops them in reverse.
 * @throws CodedError when the state directory or the publisher cannot be opened; a camera's fault is its state instead.
 */
export async function startAgent(config: Config, deps: AgentDeps): Promise<RunningAgent> {
  const { log, clock = realClock, healthEveryMs = 10_000 } = deps;
  const startedAtMs = clock.monotonicMs();
  const warn = ({ code, message, remedy }: CodedError): void => log.warn(`${code}: ${message}. ${remedy}`);
  const settings = await openSettings(config.state.path, warn);
  let makeRoom = (): void => undefined;
  const outboxTrouble = (trouble: CodedError): void => {
    warn(trouble);
    if (trouble.code === "STORE_FULL") makeRoom();
  };
  // First, for it keeps a second agent out of the folder.
  const outbox = await (deps.openOutbox ?? openOutbox)(outboxOptions(config, outboxTrouble));
  const evidence = await (deps.openEvidence ?? openEvidence)({
    config: config.evidence,
    statePath: config.state.path,
    cameras: config.cameras.length,
    log,
    nowMs: clock.monotonicMs,
  });
  makeRoom = () => void evidence.makeRoom();
  const history = await (deps.openHistory ?? openHistory)(historyOptions(config, clock, warn));
  outbox.added$.subscribe((alert) => history.record(alert));
  const adopted = await outbox.adopt();
  if (adopted > 0)
    log.warn(`the last run was cut short: ${adopted} alerts waited for a picture, or stood and are cleared`);
  const publisher = await deps.openPublisher(config, log, outbox);
  const contexts = contextBook(
    config.cameras.map(({ id }) => id),
    warn,
  );
  publisher.context$.subscribe(contexts.hear);
  const publish = (message: Message): Promise<void> => publisher.publish(message);
  let becomeUnfit: (why: CodedError) => void = () => undefined;
  const unfit = new Promise<CodedError>((resolve) => {
    becomeUnfit = resolve;
  });
  const shelf = modelShelf(config, deps.loadModel ?? loadModel, (model, reason) => {
    if (stuckThreads() > MOST_STUCK) becomeUnfit(agentStuck(model, reason));
    else log.error(`model ${model}: its inference thread is started again: ${reason}`);
  });
  const desk = alertDesk(evidence, outbox);
  const send: CameraDeps["send"] = (outgoing) => {
    if (outgoing.kind === "message") void publish(outgoing.message);
    else desk.accept(outgoing.step);
  };
  const tellState: CameraDeps["tellState"] = (camera, standing) => {
    if (standing.state === "faulted") log.error(`${camera.id}: ${standing.reason}`);
    void publish(stateMessage(camera.id, standing, clock.wallMs()));
  };
  const cameraDeps: CameraDeps = {
    watchCamera: deps.watchCamera,
    model: (camera) => shelf.get(camera.model),
    send,
    tellState,
    context: contexts.of,
    threshold: ({ id, alert }) => settings.now.thresholds[id] ?? alert.threshold,
    enabled: ({ id, enabled }) => settings.now.enabled[id] ?? enabled,
    floods: { rate: raiseRate(config.alerts.floodAbove), summaryEveryMs: config.alerts.summaryEveryS * 1_000 },
    clock,
  };
  const cameras = config.cameras.map((camera) => runCamera(camera, cameraDeps));
  for (const { config: camera, alerts, outcomes$ } of cameras) {
    outcomes$.subscribe(evidence.saw);
    alerts.restore((settings.now.shelvedUntilMs[camera.id] ?? 0) - clock.wallMs());
  }
  const selfTests = startSelfTests({ models: config.models, cameras, wallMs: clock.wallMs, log });
  const healthParts = async (): Promise<HealthParts> => {
    const machine = await (deps.machineHealth ?? machineHealth)();
    const nowMs = clock.monotonicMs();
    const uptimeMs = nowMs - startedAtMs;
    return {
      cameras,
      models: shelf.loaded,
      outbox: outbox.health(),
      broker: publisher.health(),
      evidence: evidence.health(),
      selfTests: selfTests.health(),
      machine,
      stuckThreads: stuckThreads(),
      uptimeMs,
      nowMs,
      wallMs: clock.wallMs(),
    };
  };
  const tellHealth = async (): Promise<void> => void publish(healthMessage(await healthParts()));
  const healthTimer = setInterval(() => void tellHealth(), healthEveryMs);
  const tickTimer = setInterval(() => {
    for (const camera of cameras) camera.tick();
    selfTests.judge();
  }, TICK_MS);
  const commands = serveCommands(publisher.command$, {
    handlers: commandHandlers({
      cameras,
      settings,
      status: async () => ({ ...healthNow(await healthParts()), states: statesOf(cameras) }),
      runSelfTests: selfTests.run,
      evidence,
      earlier: (id) => history.find(id)?.alert ?? null,
      send: desk.accept,
      wallMs: clock.wallMs,
    }),
    validate: openValidator(),
    monotonicMs: clock.monotonicMs,
    onFault: (command, reason) => log.error(`the command ${command} failed: ${reason}`),
  });
  const view: AgentView = {
    config,
    cameras,
    models: shelf.loaded,
    alerts$: outbox.added$,
    history,
    evidence,
    outbox: () => outbox.health(),
    broker: () => publisher.health(),
  };
  const http = deps.openHttp?.(view, log);
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    clearInterval(healthTimer);
    clearInterval(tickTimer);
    commands.close();
    selfTests.close();
    await within(HTTP_MS, http?.close());
    await within(DRAIN_MS, Promise.all(cameras.map((camera) => camera.stop())));
    await within(ENGINES_MS, Promise.all([shelf.close(), evidence.close(), desk.settled()]));
    await within(PUBLISHER_MS, publisher.close());
    await within(STORES_MS, Promise.all([outbox.close(), history.close()]));
  };
  return {
    started: Promise.all(cameras.map(({ started }) => started)).then(() => undefined),
    cameras,
    models: shelf.loaded,
    unfit,
    stop: () => (stopping ??= stop()),
  };
}

function agentStuck(model: string, reason: string): CodedError {
  return new CodedError("AGENT_STUCK", `${stuckThreads()} inference threads do not come back: ${reason}`, {
    at: `models.${model}`,
    remedy: "The agent ends, to be started anew; if it happens again, look at the GPU's driver and the model.",
  });
}

function historyOptions({ state, alerts }: Config, { wallMs }: CameraDeps["clock"], warn: HistoryOptions["onTrouble"]) {
  const { historyMax, historyDays } = alerts;
  return { statePath: state.path, maxAlerts: historyMax, maxAgeMs: historyDays * 86_400_000, wallMs, onTrouble: warn };
}

function outboxOptions({ agent, mqtt, state, outbox }: Config, onTrouble: OutboxOptions["onTrouble"]): OutboxOptions {
  return {
    statePath: state.path,
    base: baseTopic(mqtt.prefix, agent.id),
    maxBytes: outbox.maxMb * 1_048_576,
    maxAgeMs: outbox.maxAgeHours * 3_600_000,
    onTrouble,
  };
}
