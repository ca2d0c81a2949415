import { merge, Subject } from "rxjs";
import type { Config } from "../config/types.js";
import type { Alerting } from "./alerting.js";
import { commandHandlers } from "./commands/commands.js";
import { type Held, inForceOf } from "./commands/in-force.js";
import { serveCommands } from "./commands/serve.js";
import type { Settings } from "./commands/settings.js";
import type { Trail } from "./commands/trail.js";
import type { CameraInForce } from "./contract/in-force.js";
import type { CameraContext, Command } from "./contract/inbound.js";
import type { MessageSink } from "./contract/message-sink.js";
import type { ModbusHealth } from "./contract/modbus-health.js";
import { stamped } from "./contract/stamped.js";
import { openValidator } from "./contract/validator.js";
import { healthNow, statesOf } from "./health/report.js";
import { newestSteps } from "./history/newest.js";
import { wholeOf } from "./history/record.js";
import { openHomeAssistant } from "./home-assistant/open.js";
import type { AgentView } from "./http/view.js";
import { stuckThreads } from "./inference/stuck.js";
import type { Clock } from "./kit/clock.js";
import { Closing, opening } from "./kit/closing.js";
import { type Logger, warnOf } from "./kit/log.js";
import { contextAck, partContexts } from "./line/contexts.js";
import { pictureJudges } from "./line/picture-judges.js";
import type { Modbus, ModbusDeps } from "./modbus/open.js";
import type { Outbox } from "./outbox/outbox.js";
import { regionsOf } from "./scoring/regions.js";
import type { Sparkplug, SparkplugDeps } from "./sparkplug/open.js";
import type { Message } from "./types.js";
import type { Uplink, Watching } from "./watching.js";

/** The edges of what is far away. */
export interface RemoteDeps {
  /** Does not wait for the broker: it connects, and reconnects, behind; what is in the outbox it delivers. */
  readonly openPublisher: (config: Config, log: Logger, outbox: Outbox) => Promise<MessageSink>;
  /** Absent: nobody can look in. Never waits. */
  readonly openHttp?: (view: AgentView, log: Logger) => { close(): Promise<void> };
  /** Absent: no PLC can poll. Never waits. */
  readonly openModbus?: (config: Config, deps: ModbusDeps) => Modbus;
  /** Absent: the agent is no edge node of Sparkplug. Never waits. */
  readonly openSparkplug?: (config: Config, deps: SparkplugDeps) => Sparkplug;
}

/** What those who ask are answered from. */
export interface Served {
  readonly alerting: Alerting;
  readonly watching: Watching;
  readonly settings: Settings;
  readonly trail: Trail;
}

/** The agent's ends of its lines to the broker and to whoever looks in over HTTP. */
export interface Remote extends Uplink {
  /**
   * Answers commands and HTTP from now on, and tells PLCs which cameras are ready. To be called in the turn in which this was opened, or
   * commands are missed.
   * @returns what ends it: commands that are being carried out are given up, HTTP connections are cut, no camera is ready
   */
  serve(served: Served): () => Promise<void>;
  /** Sends what waits, `stopped`, and disconnects. */
  close(): Promise<void>;
}

const HTTP_MS = 200;
const MODBUS_MS = 50;
const SPARKPLUG_MS = 200;
const HOME_ASSISTANT_MS = 50;
const PUBLISHER_MS = 2_000;

/** Opens the way to the broker. @throws CodedError of the publisher, such as MQTT_EMBEDDED_FAILED */
export function openRemote(
  config: Config,
  {
    outbox,
    log,
    clock,
    ...edges
  }: RemoteDeps & { readonly outbox: Outbox; readonly log: Logger; readonly clock: Clock },
): Promise<Remote> {
  return opening(
    (reason) => log.warn(reason),
    async (closing) => {
      const publisher = await edges.openPublisher(config, log, outbox);
      const publish = (message: Message): Promise<void> => publisher.publish(stamped(message, clock.isDoubted));
      closing.add("the connection to the broker", PUBLISHER_MS, () => publisher.close());
      // Closed after the cameras: PLCs wait for the verdicts on pictures that are in flight when the agent stops.
      const { judged$ } = outbox;
      const lastNumber = (camera: string): number => outbox.lastNumber(camera);
      const modbus = edges.openModbus?.(config, { judged$, lastNumber, log }) ?? null;
      closing.add("Modbus", MODBUS_MS, () => modbus?.close());
      const { keepSession } = publisher;
      const sparkplug =
        edges.openSparkplug?.(config, { keepSession, judged$, alerts$: outbox.added$, clock, log }) ?? null;
      closing.add("Sparkplug", SPARKPLUG_MS, () => sparkplug?.close());
      const modbusHealth = (): ModbusHealth | null => modbus?.health() ?? null;
      const contexts = partContexts(
        config.cameras.map(({ id }) => id),
        warnOf(log),
      );
      const context$ = new Subject<CameraContext>();
      publisher.context$.subscribe((said) => {
        const fromFrame = contexts.hear(said);
        if (fromFrame === null) return;
        // One that is for frames to come names its part when they do.
        if (fromFrame <= contexts.next(said.camera)) context$.next(said);
        const ack = contextAck(said, fromFrame, clock.wallMs());
        if (ack !== null) void publish(ack);
      });
      const serve = ({ alerting, watching, settings, trail }: Served): (() => Promise<void>) => {
        const { cameras, models, selfTests, shelvings } = watching;
        const { evidence, history } = alerting;
        const serving = new Closing((reason) => log.warn(reason));
        const inForce = (camera: Held): CameraInForce => inForceOf(camera, settings.now);
        const asked$ = new Subject<Command>();
        const view: AgentView = {
          config,
          cameras,
          models,
          alerts$: outbox.added$,
          alertsOf: (query) => history.list(query).map(wholeOf),
          alertOf: (id) => {
            const record = history.find(id);
            return record === null ? null : wholeOf(record);
          },
          verdicts$: outbox.judged$,
          regionsOf: ({ map, frame: { size, view } }, threshold) => regionsOf(map, size, threshold, view),
          evidence,
          selfTests: selfTests.health,
          outbox: () => outbox.health(),
          broker: () => publisher.health(),
          modbus: modbusHealth,
          stuckThreads,
          stuck: watching.stuck,
          machine: watching.machine,
          inForce,
          commands: trail.list,
          perform: (command) => asked$.next(command),
          judgeOf: pictureJudges({ cameras, models, modelNames: Object.keys(config.models) }),
        };
        const http = edges.openHttp?.(view, log);
        serving.add("HTTP", HTTP_MS, () => http?.close());
        const commands = serveCommands(merge(publisher.command$, asked$), {
          handlers: commandHandlers({
            cameras,
            settings,
            shelvings,
            status: async () => ({ ...healthNow(await watching.health()), states: statesOf(cameras, inForce) }),
            runSelfTests: selfTests.run,
            evidence,
            earlier: (id) => history.find(id)?.latest ?? null,
            send: alerting.accept,
            wallMs: clock.wallMs,
          }),
          validate: openValidator(),
          clock,
          onDone: trail.record,
        });
        serving.add("commands", 0, () => commands.close());
        const homeAssistant = openHomeAssistant(config, {
          cameras,
          publish,
          heard$: publisher.heard$,
          alert$: outbox.added$,
          picture$: alerting.picture$,
          newestAlert: (camera) => newestSteps(history, camera),
          log,
          clock,
        });
        serving.add("Home Assistant", HOME_ASSISTANT_MS, homeAssistant.close);
        const unwatch = modbus?.watch(cameras, (model) => models.get(model)?.engine.providers().fault ?? null);
        serving.add("the readiness of cameras", 0, () => unwatch?.());
        const uncommand = sparkplug?.watch({ cameras, models, outbox: view.outbox, perform: view.perform });
        serving.add("commands of Sparkplug's hosts", 0, () => uncommand?.());
        return () => serving.close();
      };
      return {
        publish,
        context: contexts.of,
        context$,
        broker: () => publisher.health(),
        modbus: modbusHealth,
        sparkplug: () => sparkplug?.health() ?? null,
        serve,
        close: () => closing.close(),
      };
    },
  );
}
