import { filter, firstValueFrom, type Observable, ReplaySubject, Subject, startWith } from "rxjs";
import type { CameraConfig, Config } from "../config/types.js";
import { CodedError, messageOf } from "../errors.js";
import type { Alerting } from "./alerting.js";
import { isEnabled, limitOf, overridesOf } from "./commands/in-force.js";
import type { Settings } from "./commands/settings.js";
import { Shelvings } from "./commands/shelvings.js";
import type { CameraContext } from "./contract/inbound.js";
import type { ModbusHealth } from "./contract/modbus-health.js";
import { type BrokerHealth, statusPayload } from "./contract/payloads.js";
import type { SparkplugHealth } from "./contract/sparkplug-health.js";
import { topics } from "./contract/topics.js";
import type { CameraStanding } from "./health/camera-state.js";
import { type Stuck, watchLiveness } from "./health/liveness.js";
import { type MachineHealth, machineMeter } from "./health/machine.js";
import { engineLine, ProviderFaults } from "./health/provider-faults.js";
import { type HealthParts, healthMessage } from "./health/report.js";
import { watchClock } from "./health/watch-clock.js";
import { type LoadedModel, type LoadOptions, loadModel } from "./inference/load.js";
import { type ModelRegistry, modelRegistry } from "./inference/model-registry.js";
import { MOST_STUCK, stuckThreads } from "./inference/stuck.js";
import { type Clock, moment } from "./kit/clock.js";
import { opening } from "./kit/closing.js";
import type { Logger } from "./kit/log.js";
import { productVersion } from "./kit/version.js";
import { type CameraDeps, type RunningCamera, runCamera } from "./line/camera.js";
import { stateMessage } from "./line/outgoing.js";
import { unreadableLog } from "./line/unreadable-log.js";
import { raiseRate } from "./scoring/raise-rate.js";
import { goldenPictures } from "./self-test/golden-pictures.js";
import { type SelfTests, startSelfTests } from "./self-test/self-tests.js";
import type { Context, Message } from "./types.js";

/** The edges of watching, each with its real default where it has one. */
export interface WatchingDeps {
  readonly watchCamera: CameraDeps["watchCamera"];
  readonly loadModel?: (dir: string, options: LoadOptions) => Promise<LoadedModel>;
  /** Models that are being loaded already, instead. */
  readonly models?: ModelRegistry;
  readonly machineHealth?: () => Promise<MachineHealth>;
  readonly healthEveryMs?: number;
}

/** What watching needs of the agent's line to its broker. */
export interface Uplink {
  /** Never rejects: what is given up is counted in `health`. */
  publish(message: Message): Promise<void>;
  /** What the line's control said last of the part before this camera. */
  context(camera: string, frame: number): Context | null;
  /** Each time that it says something; after it is in force. */
  readonly context$: Observable<CameraContext>;
  broker(): BrokerHealth;
  /** Null where no PLC can poll. */
  modbus(): ModbusHealth | null;
  /** Null where the agent is no edge node of Sparkplug. */
  sparkplug(): SparkplugHealth | null;
}

/** What watching is built on. */
export interface WatchingParts {
  readonly alerting: Alerting;
  readonly uplink: Uplink;
  readonly settings: Settings;
  readonly log: Logger;
  readonly clock: Clock;
}

/** The cameras and the models that judge their frames, tested now and then, and how all of it fares. */
export interface Watching {
  /** When every camera runs or is known to be faulted. Never rejects. */
  readonly started: Promise<void>;
  /** When, besides, each camera delivers, or it is known and said why not. Never rejects. */
  readonly up: Promise<void>;
  readonly cameras: readonly RunningCamera[];
  /** By the name that cameras refer to. */
  readonly models: ReadonlyMap<string, LoadedModel>;
  readonly selfTests: SelfTests;
  readonly shelvings: Shelvings;
  /** AGENT_STUCK, when only a new process can go on. Never rejects. */
  readonly unfit: Promise<CodedError>;
  health(): Promise<HealthParts>;
  /** What of it only a new process can help; empty where the agent does its work. */
  stuck(): readonly Stuck[];
  /** The machine's figures of the last `health`; null before the first. */
  machine(): MachineHealth | null;
  /** Resolves when the last frame is judged and the outbox has its alerts. */
  close(): Promise<void>;
}

const DRAIN_MS = 1_000;
const SHELVINGS_MS = 50;
const FINISH_MS = 600;
/** How often shelvings are ended and floods summarised. */
const TICK_MS = 1_000;

/** Starts every camera; one that is at fault is `faulted`, and no other is touched by it. */
export function startWatching(
  config: Config,
  { alerting, uplink, settings, log, clock, ...edges }: WatchingParts & WatchingDeps,
): Promise<Watching> {
  const startedAtMs = clock.monotonicMs();
  for (const { path, message, remedy, edited } of overridesOf(config.cameras, settings.now)) {
    const text = `${path}: ${message}. ${remedy}`;
    if (edited) log.warn(text);
    else log.info(text);
  }
  return opening(
    (reason) => log.warn(reason),
    async (closing) => {
      const unfit$ = new ReplaySubject<CodedError>(1);
      const restarted = (model: string, reason: string): void => {
        if (stuckThreads() > MOST_STUCK) unfit$.next(agentStuck(model, reason));
        else log.error(`model ${model}: its inference thread is started again: ${reason}`);
      };
      const models = edges.models ?? modelRegistry(config, edges.loadModel ?? loadModel, goldenPictures);
      models.mayBuild();
      models.restarts$.subscribe(({ model, reason }) => restarted(model, reason));
      closing.add("inference, or the last pictures of alerts,", FINISH_MS, () =>
        Promise.all([models.close(), alerting.finish()]),
      );
      const providers = new ProviderFaults({
        models: models.loaded,
        onChange: (model, fault) => {
          if (fault === null) log.info(`model ${model}: it runs on the provider that it was to`);
          else log.error(`model ${model}: ${fault}`);
          publishStates(model);
        },
        onEngine: (model, engine) => {
          const { warn, text } = engineLine(engine);
          if (warn) log.warn(`model ${model}: ${text}`);
          else log.info(`model ${model}: ${text}`);
          publishStates(model);
        },
        onUnreached: (model, unreached) => {
          for (const text of unreached) log.warn(`model ${model}: ${text}`);
        },
      });
      const publishStates = (model: string): void => {
        for (const { config: camera, standing } of cameras) {
          if (camera.model === model) publishState(camera, standing);
        }
      };
      const publishState = (camera: CameraConfig, standing: CameraStanding & { readonly sinceMs?: number }): void => {
        const { model } = camera;
        const engine = providers.engineOf(model)?.state ?? null;
        const at = { nowMs: clock.wallMs(), provider: providers.of(model), engine };
        void uplink.publish(stateMessage(camera.id, standing, at));
      };
      const cameras: RunningCamera[] = [];
      const standing$ = new Subject<void>();
      const unreadable = unreadableLog((text) => log.warn(text), clock.monotonicMs);
      const deps: CameraDeps = {
        watchCamera: edges.watchCamera,
        model: (camera) => models.get(camera.model),
        send: (outgoing) => {
          if (outgoing.kind === "message") void uplink.publish(outgoing.message);
          else alerting.accept(outgoing.step);
        },
        onStanding: (camera, standing) => {
          if (standing.state === "faulted") log.error(`${camera.id}: ${standing.reason}`);
          if (standing.state === "no-signal") log.warn(`${camera.id}: no signal: ${standing.reason}`);
          publishState(camera, standing);
          standing$.next();
        },
        keepVerdict: alerting.judged,
        context: uplink.context,
        onUnreadable: ({ id }, { code, reason }) => unreadable(`${id}: ${code}: ${reason}`),
        onDrift: ({ id }, { state, reason }) => {
          if (state === "drifting")
            log.warn(`${id}: drift: ${reason}. The threshold stays as it is: see docs/drift.md`);
          else log.info(`${id}: drift: over: ${reason}`);
        },
        threshold: (camera) => limitOf(camera, settings.now),
        enabled: (camera) => isEnabled(camera, settings.now),
        floods: { rate: raiseRate(config.alerts.floodAbove), summaryEveryMs: config.alerts.summaryEveryS * 1_000 },
        clock,
      };
      closing.add("capture", DRAIN_MS, () => Promise.all(cameras.map((camera) => camera.stop())));
      for (const camera of config.cameras) {
        const running = runCamera(camera, deps);
        cameras.push(running);
        running.outcomes$.subscribe(alerting.evidence.saw);
      }
      const contexts = uplink.context$.subscribe(({ camera, context }) => {
        cameras.find(({ config: { id } }) => id === camera)?.contextChanged(context);
      });
      closing.add("contexts", 0, () => contexts.unsubscribe());
      const shelvings = new Shelvings({ cameras, settings, clock, log });
      shelvings.restore();
      closing.add("shelvings", SHELVINGS_MS, () => shelvings.close());
      const selfTests = startSelfTests({ models: config.models, cameras, wallMs: clock.wallMs, log });
      closing.add("self-tests", 0, () => selfTests.close());
      let machine: MachineHealth | null = null;
      const meter = edges.machineHealth ?? machineMeter();
      const measure = async (): Promise<MachineHealth> => (machine = await meter());
      void measure().catch((error: unknown) => log.error(`the machine cannot be measured: ${messageOf(error)}`));
      const health = async (): Promise<HealthParts> => ({
        machine: await measure(),
        cameras,
        models: models.loaded,
        outbox: alerting.outbox.health(),
        broker: uplink.broker(),
        modbus: uplink.modbus(),
        sparkplug: uplink.sparkplug(),
        evidence: alerting.evidence.health(),
        selfTests: selfTests.health(),
        stuckThreads: stuckThreads(),
        uptimeMs: clock.monotonicMs() - startedAtMs,
        nowMs: clock.monotonicMs(),
        wallMs: clock.wallMs(),
      });
      const publishHealth = async (): Promise<void> => uplink.publish(healthMessage(await health()));
      const healthTimer = setInterval(() => {
        publishHealth().catch((error: unknown) => log.error(`health cannot be published: ${messageOf(error)}`));
      }, edges.healthEveryMs ?? 10_000);
      closing.add("health", 0, () => clearInterval(healthTimer));
      const startedAt = moment(clock);
      const lookAtClock = watchClock(clock, log, () => {
        // What is retained was stamped by the clock that nobody vouched for.
        for (const { config: camera, standing } of cameras) publishState(camera, standing);
        const at = { nowMs: clock.wallMs(), sinceMs: startedAt(), version: productVersion() };
        void uplink.publish({ topic: topics.status, payload: statusPayload("online", at), qos: 1, retain: true });
      });
      const liveness = watchLiveness({ cameras, monotonicMs: clock.monotonicMs, log });
      const tickTimer = setInterval(() => {
        liveness.tick();
        lookAtClock();
        for (const camera of cameras) camera.tick();
        void shelvings.tick();
        selfTests.judge();
        providers.tick();
      }, TICK_MS);
      closing.add("the clock of alerts", 0, () => clearInterval(tickTimer));
      const started = Promise.all(cameras.map((camera) => camera.started)).then(() => undefined);
      const known = (): boolean => cameras.every(({ standing: { state } }) => state !== "starting");
      return {
        started,
        up: started.then(() => firstValueFrom(standing$.pipe(startWith(undefined), filter(known)))),
        stuck: liveness.stuck,
        cameras,
        models: models.loaded,
        selfTests,
        shelvings,
        unfit: firstValueFrom(unfit$),
        health,
        machine: () => machine,
        close: () => closing.close(),
      };
    },
  );
}

function agentStuck(model: string, reason: string): CodedError {
  return new CodedError("AGENT_STUCK", `${stuckThreads()} inference threads do not come back: ${reason}`, {
    at: `models.${model}`,
  });
}
