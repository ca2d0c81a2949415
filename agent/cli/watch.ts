import { randomBytes } from "node:crypto";
import { ConfigError } from "../../config/problems.js";
import type { MqttConfig } from "../../config/types.js";
import { CodedError } from "../../errors.js";
import { levelFault, listenersOf } from "../contract/topics.js";
import type { Received } from "../mqtt/packet.js";
import type { AddCommand } from "./command.js";
import { type ConfigFlags, type JsonFlag, layersOf, withConfigFlags, withExample, withJsonFlag } from "./options.js";
import { duration } from "./progress.js";
import { onStopSignal } from "./stop-signal.js";
import { printable, type Terminal } from "./terminal.js";
import type { WatchEvent } from "./watch-events.js";

interface Flags extends ConfigFlags, JsonFlag {
  readonly url?: string;
  readonly prefix?: string;
  readonly agent?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly caFile?: string;
}

/** While a connection does not come about for one and the same reason, that is said so often. */
const SAID_EVERY_MS = 60_000;

/** `retort watch`: alerts, verdicts and states of agents, live, over the broker alone. */
export const watchCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("watch")
    .description("shows alerts, verdicts and states as they come, of one agent or all, over the broker alone")
    .option(
      "--url <url>",
      "the broker's address; the configuration's unless given, and the embedded broker's on this machine",
    )
    .option("--agent <id>", "one agent; all of the prefix unless given")
    .option("--prefix <prefix>", "what the topics start with (retort)")
    .option("--username <name>", "the user at the broker")
    .option("--password-file <file>", "its first line is the user's password")
    .option("--ca-file <file>", "PEM: who may vouch for the broker");
  withExample(
    withJsonFlag(withConfigFlags(command)),
    "retort watch --url mqtts://broker --username screen --password-file watch.txt --agent line-7",
  ).action(async (flags: Flags) => {
    const { agent = null } = flags;
    const fault = agent === null ? null : levelFault(agent);
    if (fault !== null)
      throw new CodedError("OPTION_INVALID", `--agent ${fault}`, { at: "agent", remedy: AGENT_REMEDY });
    const { mqtt, url } = await brokerOf(flags);
    const [{ listen }, { readCredentials }, { openValidator }, { WatchEvents }] = await Promise.all([
      import("../mqtt/listener.js"),
      import("../mqtt/credentials.js"),
      import("../contract/validator.js"),
      import("./watch-events.js"),
    ]);
    const display = flags.json === true ? jsonOn(terminal) : await linesOn(terminal, agent);
    const events = new WatchEvents(mqtt.prefix, openValidator());
    const stop = new AbortController();
    const off = onStopSignal(() => stop.abort());
    // Nobody reads any more (`| head`).
    process.stdout.once("error", () => stop.abort());
    try {
      await listen(
        {
          url,
          // MQTT 3.1.1 [MQTT-3.1.3-5] promises 23 characters.
          clientId: `retort-watch-${randomBytes(5).toString("hex")}`,
          filters: listenersOf(mqtt.prefix, agent ?? "+"),
          credentials: () => readCredentials(mqtt),
          onMessage: (message: Received) => events.of(message).forEach(display.show),
          onConnected: (protocol) => display.connected(url, protocol, `${mqtt.prefix}/${agent ?? "+"}`),
          onRefused: display.refused,
          onAway: (trouble, waitMs) => {
            events.wentAway();
            display.away(trouble, waitMs);
          },
        },
        stop.signal,
      );
    } finally {
      off();
      display.end();
    }
  });
};

const AGENT_REMEDY = "Give one agent's id, as in its topics; without --agent all are watched.";

/** @throws CodedError where the configuration is not valid */
async function brokerOf(flags: Flags): Promise<{ readonly mqtt: MqttConfig; readonly url: string }> {
  const { checkConfig } = await import("../../config/load.js");
  const named = {
    url: flags.url,
    prefix: flags.prefix,
    username: flags.username,
    passwordFile: flags.passwordFile,
    caFile: flags.caFile,
  };
  const set = Object.entries(named).flatMap(([key, value]) => (value === undefined ? [] : [`mqtt.${key}=${value}`]));
  const { config, problems } = checkConfig(layersOf({ ...flags, set: [...flags.set, ...set] }));
  if (config === undefined) throw new ConfigError(problems);
  const { mqtt, state } = config;
  if (mqtt.url !== "embedded") return { mqtt, url: mqtt.url };
  const { portsToTry } = await import("../mqtt/broker-port.js");
  const [port] = await portsToTry(state.path);
  return { mqtt, url: `mqtt://127.0.0.1:${port}` };
}

/** Where what is heard is shown. */
interface Display {
  readonly show: (event: WatchEvent) => void;
  readonly connected: (url: string, protocol: string, topics: string) => void;
  readonly refused: (refusal: CodedError) => void;
  readonly away: (trouble: CodedError, waitMs: number) => void;
  readonly end: () => void;
}

/** A line of JSON each: messages with their agent and topic, all else with its name as `watch`. */
function jsonOn(terminal: Terminal): Display {
  const line = (value: object): void => terminal.out(JSON.stringify(value));
  const trouble = ({ code, message, remedy }: CodedError) => ({ code, message, remedy });
  return {
    show: (event) => {
      const { kind, ...rest } = event;
      if (!("payload" in rest)) return line({ watch: kind, ...rest });
      const topic = "camera" in rest ? `${rest.camera}/${kind}` : kind;
      return line({ agent: rest.agent, topic, payload: rest.payload });
    },
    connected: (url, protocol, topics) => line({ watch: "connected", url, protocol, topics: `${topics}/#` }),
    refused: (refusal) => line({ watch: "refused", topic: refusal.at, ...trouble(refusal) }),
    away: (error, waitMs) => line({ watch: "disconnected", ...trouble(error), waitMs: Math.round(waitMs) }),
    end: () => undefined,
  };
}

/** Lines for a person: what is heard on stdout, what becomes of the connection on stderr. */
async function linesOn(terminal: Terminal, agent: string | null): Promise<Display> {
  const { WatchLines } = await import("./watch-lines.js");
  const monotonicMs = () => performance.now();
  const lines = new WatchLines({ coloured: terminal.coloured, agent, monotonicMs, wallMs: Date.now });
  const say = (text: string): void => terminal.err(`${new Date().toTimeString().slice(0, 8)}  ${printable(text)}`);
  /** Since when there is no connection, and what was said of that. */
  let gone: { readonly sinceMs: number; readonly code: string; saidMs: number } | null = null;
  return {
    show: (event) => lines.of(event).forEach(terminal.out),
    connected: (url, protocol, topics) => {
      say(
        `${gone === null ? "connected" : `connected again after ${duration(monotonicMs() - gone.sinceMs)}`} to ${url}, MQTT ${protocol}, watching ${topics}`,
      );
      gone = null;
    },
    refused: ({ code, at, message, remedy }) => say(`warning: ${code}: ${at}: ${message}. ${remedy}`),
    away: ({ code, message, remedy, at }, waitMs) => {
      const nowMs = monotonicMs();
      if (gone !== null && gone.code === code && nowMs - gone.saidMs < SAID_EVERY_MS) return;
      const next = `next try in ${(waitMs / 1_000).toFixed(1)} s`;
      say(`NOT CONNECTED: ${code}: ${at === undefined ? "" : `${at}: `}${message}. ${remedy} (${next})`);
      gone = { sinceMs: gone?.sinceMs ?? nowMs, code, saidMs: nowMs };
    },
    end: () => lines.rest().forEach(terminal.out),
  };
}
