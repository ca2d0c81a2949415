import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../config/package-root.js";
import type { Config } from "../config/types.js";
import type { Logger, MessageSink } from "./agent.js";
import { CodedError, messageOf } from "./errors.js";
import { type EmbeddedBroker, openEmbeddedBroker } from "./mqtt/embedded-broker.js";
import { openPublisher } from "./mqtt/publisher.js";
import { baseTopic } from "./mqtt/topics.js";

export interface MqttEdge extends MessageSink {
  /** Of the broker that is published to. */
  readonly url: string;
}

/**
 * The way out that the configuration names, the embedded broker with it. Connects in the background.
 * @param port of the embedded broker, where it is free
 * @throws CodedError MQTT_EMBEDDED_FAILED, MQTT_PASSWORD_UNREADABLE or AGENT_ID_INVALID
 */
export async function openMqtt(config: Config, log: Logger, port = 1883): Promise<MqttEdge> {
  const { prefix, username, passwordFile } = config.mqtt;
  const broker = config.mqtt.url === "embedded" ? await openEmbeddedBroker({ port }) : null;
  const url = broker?.url ?? config.mqtt.url;
  const password = passwordFile === null ? null : await passwordIn(passwordFile);
  const version = await packageVersion();
  const publisher = openPublisher({ url, prefix, agentId: config.agent.id, version, username, password });
  publisher.trouble$.subscribe(({ code, message }) => log.warn(`${code}: ${message}`));
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

async function passwordIn(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).split(/\r?\n/, 1)[0]!;
  } catch (error) {
    throw new CodedError("MQTT_PASSWORD_UNREADABLE", `cannot read the MQTT password: ${messageOf(error)}`, {
      at: "mqtt.passwordFile",
      remedy: "Point to a file that this user may read.",
    });
  }
}

/** Of package.json. */
async function packageVersion(): Promise<string> {
  const parsed = JSON.parse(await readFile(join(packageRoot(), "package.json"), "utf8")) as { version?: unknown };
  return String(parsed.version);
}
