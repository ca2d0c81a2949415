import { readFile } from "node:fs/promises";
import type { MqttConfig } from "../../config/types.js";
import { messageOf } from "../errors.js";
import { reachBroker } from "../mqtt/reach.js";
import type { Check } from "./check.js";

/** Whether the broker can be talked to, and in which version; never rejects. */
export async function brokerCheck(mqtt: MqttConfig, reach = reachBroker): Promise<Check> {
  const path = "mqtt.url";
  if (mqtt.url === "embedded") {
    return { level: "ok", code: "BROKER_EMBEDDED", path, message: "embedded: starts with the agent", remedy: "" };
  }
  try {
    const password =
      mqtt.passwordFile === null ? null : (await readFile(mqtt.passwordFile, "utf8")).split(/\r?\n/, 1)[0]!;
    const { version, reason } = await reach({ url: mqtt.url, username: mqtt.username, password });
    if (version !== null) {
      return { level: "ok", code: "BROKER_REACHED", path, message: `${mqtt.url} speaks MQTT ${version}`, remedy: "" };
    }
    const remedy = "Check the address, that the broker runs, user and password, and firewalls.";
    return { level: "fail", code: "BROKER_UNREACHABLE", path, message: `${mqtt.url}: ${reason}`, remedy };
  } catch (error) {
    const remedy = "Point to a file that this user may read.";
    const code = "MQTT_PASSWORD_UNREADABLE";
    return { level: "fail", code, path: "mqtt.passwordFile", message: messageOf(error), remedy };
  }
}
