import { filter, take } from "rxjs";
import { partOf } from "../../config/parts.js";
import type { Config } from "../../config/types.js";
import { type CodedError, messageOf } from "../../errors.js";
import type { AlertQueue } from "../contract/alert-queue.js";
import type { MessageSink } from "../contract/message-sink.js";
import { baseTopic, topics } from "../contract/topics.js";
import { type Clock, realClock } from "../kit/clock.js";
import type { Logger } from "../kit/log.js";
import { rateLimited } from "../kit/rate-limited.js";
import { productVersion } from "../kit/version.js";
import { portsToTry, rememberPort } from "./broker-port.js";
import type { OpenClient } from "./client.js";
import { readCredentials } from "./credentials.js";
import { type EmbeddedBroker, openEmbeddedBroker } from "./embedded-broker.js";
import { listeningLine } from "./listening-line.js";
import { openClient } from "./mqtt-client.js";
import { openPublisher } from "./publisher.js";

export interface MqttEdge extends MessageSink {
  /** Of the broker that is published to. */
  readonly url: string;
}

export interface MqttEdgeOptions {
  /** Of the embedded broker, 0 for any free one; the one it had the last time, or one that is free, unless given. */
  readonly port?: number;
  readonly clock?: Clock;
}

/**
 * Opens the way to the broker that the configuration names, and the embedded broker with it. Connects in the background.
 * @throws CodedError MQTT_EMBEDDED_FAILED or AGENT_ID_INVALID
 */
export async function openMqtt(
  config: Config,
  log: Logger,
  outbox: AlertQueue,
  { port, clock = realClock }: MqttEdgeOptions = {},
): Promise<MqttEdge> {
  const { mqtt, state } = config;
  const broker = mqtt.url === "embedded" ? await openEmbedded(state.path, log, port) : null;
  try {
    return edgeTo(broker, config, { log, outbox, clock });
  } catch (error) {
    await broker?.close();
    throw error;
  }
}

function edgeTo(
  broker: EmbeddedBroker | null,
  { agent, mqtt, cameras, homeAssistant }: Config,
  { log, outbox, clock }: { readonly log: Logger; readonly outbox: AlertQueue; readonly clock: Clock },
): MqttEdge {
  const url = broker?.url ?? mqtt.url;
  // Files that are missing or wrong are a connect that failed, to be tried again: cameras go on meanwhile.
  const open: OpenClient = async (options) => openClient({ ...options, ...(await readCredentials(mqtt)) });
  const publisher = openPublisher({
    url,
    wallMs: clock.wallMs,
    prefix: mqtt.prefix,
    agentId: agent.id,
    version: productVersion(),
    outbox,
    isDoubted: clock.isDoubted,
    alsoHears: homeAssistant.enabled ? [homeAssistant.birthTopic] : [],
    openClient: open,
  });
  const warn = rateLimited(
    ({ text }: { readonly code: string; readonly text: string }) => log.warn(text),
    () => performance.now(),
  );
  publisher.trouble$.subscribe((trouble) => warn({ code: kindOf(trouble), text: textOf(trouble) }));
  const base = baseTopic(mqtt.prefix, agent.id);
  const heard = [
    topics.alert("+"),
    ...(cameras.some((camera) => partOf(camera) !== null) ? [topics.verdict("+")] : []),
  ];
  const line = listeningLine(mqtt, url, ...heard.map((topic) => `${base}/${topic}`));
  publisher.connected$.pipe(filter((connected) => connected)).subscribe(() => {
    log.info(`connected to ${url}, MQTT ${publisher.protocol()}`);
  });
  if (line !== null) publisher.connected$.pipe(filter(Boolean), take(1)).subscribe(() => log.info(`listen: ${line}`));
  return {
    url,
    publish: (message) => publisher.publish(message),
    health: () => publisher.health(),
    context$: publisher.context$,
    command$: publisher.command$,
    keepSession: publisher.keepSession,
    heard$: publisher.heard$,
    close: async () => {
      await publisher.close();
      await broker?.close();
    },
  };
}

async function openEmbedded(statePath: string, log: Logger, port: number | undefined): Promise<EmbeddedBroker> {
  const onFull = (client: string): void =>
    log.warn(`the embedded broker keeps no more messages for ${client} until it takes those that wait`);
  if (port !== undefined) return openEmbeddedBroker({ ports: [port], onFull });
  const ports = await portsToTry(statePath);
  const broker = await openEmbeddedBroker({ ports, onFull });
  if (broker.port === ports[0]) return broker;
  log.info(
    `the embedded broker listens on port ${broker.port}, as ${ports[0]} is taken; it will try that one first from now on`,
  );
  await rememberPort(statePath, broker.port).catch((error: unknown) => {
    log.warn(`the port cannot be kept for the next start: ${messageOf(error)}`);
  });
  return broker;
}

/** Of each kind one a minute is logged; each subscription that is refused is a kind. */
function kindOf({ code, at }: CodedError): string {
  return code === "MQTT_SUBSCRIBE_REFUSED" ? `${code} ${at}` : code;
}

function textOf({ code, at, message, remedy }: CodedError): string {
  return `${[code, ...(at === undefined ? [] : [at]), message].join(": ")}. ${remedy}`;
}
