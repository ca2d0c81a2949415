import type { MqttConfig } from "../../config/types.js";
import { CodedError, messageOf } from "../../errors.js";
import { readCredentials } from "../mqtt/credentials.js";
import { probeBroker } from "../mqtt/probe.js";
import type { Check } from "./check.js";

/** Whether the broker can be talked to, as the agent would, and in which version; never rejects. */
export async function brokerCheck(mqtt: MqttConfig, reach = probeBroker): Promise<Check> {
  const path = "mqtt.url";
  if (mqtt.url === "embedded") {
    return { level: "ok", code: "BROKER_EMBEDDED", path, message: "embedded: starts with the agent", remedy: "" };
  }
  try {
    const version = await reach({ url: mqtt.url, ...(await readCredentials(mqtt)) });
    return { level: "ok", code: "BROKER_REACHED", path, message: `${mqtt.url} speaks MQTT ${version}`, remedy: "" };
  } catch (error) {
    if (!(error instanceof CodedError)) {
      return {
        level: "fail",
        code: "BROKER_UNREACHABLE",
        path,
        message: messageOf(error),
        remedy: "See the broker's log.",
      };
    }
    const { code, at = path, message, remedy } = error;
    if (at === mqtt.url) return { level: "fail", code, path, message: `${at}: ${message}`, remedy };
    return { level: "fail", code, path: at, message, remedy };
  }
}
