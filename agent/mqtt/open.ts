import type { Config } from "../../config/types.js";
import type { AlertQueue } from "../contract/alert-queue.js";
import type { MessageSink } from "../contract/message-sink.js";
import { baseTopic } from "../contract/topics.js";
import type { Logger } from "../kit/log.js";
import { productVersion } from "../kit/version.js";
import { type OpenClient, openClient } from "./client.js";
import { readCredentials } from "./credentials.js";
import { type EmbeddedBroker, openEmbeddedBroker } from "./embedded-broker.js";
import { openPublisher } from "./publisher.js";

export interface MqttEdge extends MessageSink {
  /** Of the broker that is published to. */
  readonly url: string;
}

/**
 * The way out that the configuration names, the embedded broker with it. Connects in the background.
 * @param port of the embedded broker, where it is free
 * @throws CodedError MQTT_EMBEDDED_FAILED or AGENT_ID_INVALID
 */
export async function openMqtt(config: Config, log: Logger, outbox: AlertQueue, port = 1883): Promise<MqttEdge> {
  const { prefix } = config.mqtt;
  const broker = config.mqtt.url === "embedded" ? await openEmbeddedBroker({ port }) : null;
  const url = broker?.url ?? config.mqtt.url;
  const version = productVersion();
  // Files that are missing or wrong are a connect that failed, to be tried again: cameras go on meanwhile.
  const open: OpenClient = async (options) => openClient({ ...options, ...(await readCredentials(config.mqtt)) });
  const publisher = openPublisher({ url, prefix, agentId: config.agent.id, version, outbox, openClient: open });
  publisher.trouble$.subscribe(({ code, at, message, remedy }) => log.warn(`${code}: ${at}: ${message}. ${remedy}`));
  publisher.connected$.subscribe((connected) => {
    if (connected) log.info(`connected to ${url}, MQTT ${publisher.protocol()}: ${subscribeHint(config, broker, url)}`);
  });
  return {
    url,
    publish: (message) => publisher.publish(message),
    health: () => publisher.health(),
    context$: publisher.context$,
    command$: publisher.command$,
    close: async () => {
      await publisher.close();
      await broker?.close();
    },
  };
}

/** How to listen, for whoever sees the terminal. */
function subscribeHint(config: Config, broker: EmbeddedBroker | null, url: string): string {
  const where = broker === null ? `-L ${url}/` : `-h ${broker.host} -p ${broker.port} -t `;
  return `mosquitto_sub ${where}'${baseTopic(config.mqtt.prefix, config.agent.id)}/+/alert'`;
}
