import type { MqttConfig } from "../../config/types.js";
import { shellWord } from "../kit/shell-word.js";
import { addressOf } from "./transport.js";

/**
 * The command line of mosquitto_sub that brings every message of some topics, those of the time when it did not run included: QoS 1 and a
 * session that lasts. It works with the broker that the agent is connected to, as the agent's own user. Null where there is none: Mosquitto's
 * clients do not speak through websockets.
 * @param url of the broker
 */
export function listeningLine(mqtt: MqttConfig, url: string, ...topics: readonly string[]): string | null {
  const { secure, websocket, host, port } = addressOf(url);
  if (websocket) return null;
  const { username, passwordFile, caFile, certFile, keyFile, serverName } = mqtt;
  return [
    "mosquitto_sub",
    `-h ${shellWord(serverName ?? host)} -p ${port}`,
    ...(secure ? [caFile === null ? "--tls-use-os-certs" : `--cafile ${shellWord(caFile)}`] : []),
    ...(certFile === null || keyFile === null ? [] : [`--cert ${shellWord(certFile)} --key ${shellWord(keyFile)}`]),
    ...(username === null ? [] : [`-u ${shellWord(username)}`]),
    ...(passwordFile === null ? [] : [`-P "$(head -n 1 ${shellWord(passwordFile)})"`]),
    // Each listener needs a name of its own: the broker keeps what it misses under it.
    '-q 1 -c -i "$(hostname)-listener"',
    ...topics.map((topic) => `-t ${shellWord(topic)}`),
  ].join(" ");
}
