import { join, resolve } from "node:path";
import { partOf } from "../../config/parts.js";
import { ConfigError, type Problem } from "../../config/problems.js";
import type { Config } from "../../config/types.js";
import { CodedError } from "../../errors.js";
import type { RunningAgent } from "../agent.js";
import type { MessageSink } from "../contract/message-sink.js";
import type { CameraState } from "../contract/payloads.js";
import { topics } from "../contract/topics.js";
import { keepMemoryTrimmed } from "../kit/allocator.js";
import { realClock } from "../kit/clock.js";
import { withTrust } from "../kit/clock-trust.js";
import type { Logger } from "../kit/log.js";
import type { Outbox } from "../outbox/outbox.js";
import { openNotify } from "../service/notify.js";
import { openService } from "../service/service.js";
import type { Fares } from "../service/status-line.js";
import type { AddCommand } from "./command.js";
import { endSurely } from "./end.js";
import { jsonLine, type Shown } from "./event-line.js";
import { EventLines } from "./event-lines.js";
import { type ConfigFlags, type JsonFlag, layersOf, withConfigFlags, withExample, withJsonFlag } from "./options.js";
import { examineConfig } from "./preflight.js";
import { StartPhases } from "./start-phases.js";
import { onStopSignal } from "./stop-signal.js";
import { Exit, exitStatus, printable, reportError, type Terminal } from "./terminal.js";

/** `retort run`: the agent, until SIGINT or SIGTERM. */
export const runCommand: AddCommand = (program, terminal) => {
  const command = program.command("run").description("runs the agent until SIGINT or SIGTERM");
  withExample(
    withJsonFlag(withConfigFlags(command)),
    "retort run --config line.yaml --set mqtt.url=mqtt://broker",
  ).action(async (flags: ConfigFlags & JsonFlag) => {
    const phases = new StartPhases();
    phases.ended("program");
    const { config, problems, warnings } = await examineConfig(layersOf(flags));
    if (config === undefined || problems.length > 0) throw new ConfigError(problems);
    // What the agent keeps is nobody else's to read, whichever library writes it.
    process.umask(0o077);
    keepMemoryTrimmed();
    keepRegistry(config.state.path);
    const log = await loggerFor(terminal, flags.json === true);
    const service = openService(openNotify({ env: process.env, pid: process.pid, onTrouble: log.warn }));
    phases.ended("configuration");
    const models = await (await import("./early-models.js")).earlyModels(config);
    const [{ startAgent }, { httpOpener }, { modbusOpener }, { sparkplugOpener }, { openMqtt }, { watchCamera }, pool] =
      await Promise.all([
        import("../agent.js"),
        import("../http/opener.js"),
        import("../modbus/opener.js"),
        import("../sparkplug/opener.js"),
        import("../mqtt/open.js"),
        import("../capture/camera.js"),
        import("../capture/thread-pool.js"),
      ]);
    phases.ended("code");
    warnOfSmallPool(pool.threadPoolSizeFor(config.cameras.length), log);
    greet(config, warnings, log);
    const stopRequested = new Promise<NodeJS.Signals>((resolve) => onStopSignal(resolve));
    const clock = withTrust(realClock);
    const agent = await startAgent(config, {
      clock,
      models,
      watchCamera,
      log,
      openHttp: await httpOpener(config),
      openModbus: await modbusOpener(config),
      openSparkplug: await sparkplugOpener(config),
      openPublisher: async (_, __, outbox) => {
        phases.ended("state");
        const edge = await openMqtt(config, log, outbox, { clock });
        phases.ended("broker");
        return watched(edge, outbox, flags.json === true ? jsonOn(terminal) : linesOn(terminal, config));
      },
    }).catch((error: unknown) => {
      // Not before its models are loaded would the process end by itself.
      const status = reportError(error, terminal);
      endSurely(status);
      throw new Exit(status);
    });
    tellStart(agent, phases, log);
    service.watch({ up: agent.up, fares: () => faresOf(agent) });
    const cause = await Promise.race([stopRequested, agent.unfit]);
    const failed = cause instanceof CodedError;
    if (failed) log.error(`${cause.code}: ${cause.message}. ${cause.remedy}`);
    else log.info(`${cause}: stopping`);
    service.stopping();
    await agent.stop();
    log.info("stopped");
    endSurely(failed ? exitStatus.failed : exitStatus.done);
  });
};

/**
 * GStreamer looks through all of its plugins at each start, in half a second or, on a board, in many, unless it can keep what it found: a
 * service has no home for that.
 */
function keepRegistry(statePath: string): void {
  if (process.env.GST_REGISTRY_1_0 !== undefined) return;
  process.env.GST_REGISTRY ??= join(resolve(statePath), "gstreamer-registry.bin");
}

/** Logs how long the start took, once a picture is judged. */
function tellStart({ cameras }: RunningAgent, phases: StartPhases, log: Logger): void {
  for (const camera of cameras) void camera.started.then(() => camera.model() && phases.ended("model"));
  const watching = cameras.map(({ outcomes$ }) =>
    outcomes$.subscribe((outcome) => {
      if (outcome.kind !== "inspected") return;
      for (const each of watching) each.unsubscribe();
      phases.ended("picture", outcome.inspection.frame.availableAtMs);
      phases.ended("judged");
      log.info(phases.line());
    }),
  );
}

/** `idle`: the line stands still, the camera is well. */
const DELIVERING: ReadonlySet<CameraState> = new Set(["ok", "anomalous", "idle"]);

function faresOf({ cameras, models, isBrokerConnected, stuck }: RunningAgent): Fares {
  return {
    cameras: cameras.map(({ config: { id }, enabled, standing: { state, reason } }) => {
      return { id, enabled, delivers: DELIVERING.has(state), state, reason };
    }),
    models: [...models.keys()],
    brokerConnected: isBrokerConnected(),
    stuck: stuck(),
  };
}

function greet(config: Config, warnings: readonly Problem[], log: Logger): void {
  for (const { code, path, message, remedy } of warnings) log.warn(`${code}: ${path}: ${message}. ${remedy}`);
  log.info(`agent ${config.agent.id}, state in ${config.state.path}`);
  for (const { id, source, model, fps, enabled } of config.cameras) {
    log.info(`camera ${id}: ${source.type}, model ${model}, up to ${fps} frames/s${enabled ? "" : ", disabled"}`);
  }
}

/** Where what goes out is shown. */
interface Display {
  show(message: Shown): void;
  end(): void;
}

function jsonOn(terminal: Terminal): Display {
  const show = (message: Shown): void => {
    const line = jsonLine(message);
    if (line !== null) terminal.out(line);
  };
  return { show, end: () => undefined };
}

function linesOn(terminal: Terminal, { cameras }: Config): Display {
  const ofParts = new Set(cameras.filter((camera) => partOf(camera) !== null).map(({ id }) => id));
  const options = { coloured: terminal.coloured, seesParts: (camera: string) => ofParts.has(camera) };
  const lines = new EventLines(options, () => performance.now());
  return {
    show: (message) => lines.of(message).forEach(terminal.out),
    end: () => lines.rest().forEach(terminal.out),
  };
}

/** Shows alerts, verdicts and states, as they are kept and go out. */
function watched(sink: MessageSink, outbox: Outbox, { show, end }: Display): MessageSink {
  // After the verdicts that were kept with it: a part's own comes before the alert that it raises.
  outbox.added$.subscribe((payload) => queueMicrotask(() => show({ topic: topics.alert(payload.camera), payload })));
  outbox.judged$.subscribe((payload) => show({ topic: topics.verdict(payload.camera), payload }));
  return {
    ...sink,
    publish: (message) => {
      show(message);
      return sink.publish(message);
    },
    close: async () => {
      await sink.close();
      end();
    },
  };
}

/**
 * For a person lines, for machines pino's JSON; both on stderr, so that stdout stays for results. Lines that could not be written, as on a
 * full disk, are lost and counted.
 */
async function loggerFor(terminal: Terminal, json: boolean): Promise<Logger> {
  terminal.losses?.allow();
  const logger = json ? await jsonLogger(terminal) : lineLogger(terminal);
  const counted =
    (level: keyof Logger) =>
    (text: string): void => {
      const lost = terminal.losses?.take() ?? 0;
      if (lost > 0) logger.warn(`${lost} lines could not be written before this one`);
      logger[level](printable(text));
    };
  return { info: counted("info"), warn: counted("warn"), error: counted("error") };
}

async function jsonLogger(terminal: Terminal): Promise<Logger> {
  const { pino } = await import("pino");
  // Not pino's own destination: that throws where its disk is full, and keeps without a bound what it could not write.
  const logger = pino({ base: null }, { write: (line) => terminal.err(line.trimEnd()) });
  return {
    info: (text) => logger.info(text),
    warn: (text) => logger.warn(text),
    error: (text) => logger.error(text),
  };
}

function lineLogger(terminal: Terminal): Logger {
  const line = (text: string): void => terminal.err(`${new Date().toTimeString().slice(0, 8)}  ${text}`);
  return { info: line, warn: (text) => line(`warning: ${text}`), error: (text) => line(`error: ${text}`) };
}

function warnOfSmallPool(needed: number, log: Logger): void {
  const size = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
  if (size >= needed) return;
  log.warn(`these cameras need a thread pool of ${needed}, it has ${size}: start with UV_THREADPOOL_SIZE=${needed}`);
}
