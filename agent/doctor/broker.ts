import type { Config } from "../../config/types.js";
import { CodedError, errorCodes, messageOf } from "../../errors.js";
import { baseTopic, topics } from "../contract/topics.js";
import { readCredentials } from "../mqtt/credentials.js";
import { type BrokerFindings, probeBroker } from "../mqtt/probe.js";
import type { Check } from "./check.js";

const path = "mqtt.url";

/** Whether the broker can be used as the agent uses it, and in which version; never rejects. */
export async function brokerChecks(
  { agent, mqtt }: Pick<Config, "agent" | "mqtt">,
  probe = probeBroker,
): Promise<readonly Check[]> {
  if (mqtt.url === "embedded") {
    return [{ level: "ok", code: "BROKER_EMBEDDED", path, message: "embedded: starts with the agent", remedy: "" }];
  }
  const base = baseTopic(mqtt.prefix, agent.id);
  try {
    return checksOf(await probe({ url: mqtt.url, base, ...(await readCredentials(mqtt)) }), mqtt.url, base);
  } catch (error) {
    if (error instanceof CodedError) return [checkOf("fail", error, mqtt.url)];
    const { remedy } = errorCodes.BROKER_UNREACHABLE;
    return [{ level: "fail", code: "BROKER_UNREACHABLE", path, message: messageOf(error), remedy }];
  }
}

function checksOf(findings: BrokerFindings, url: string, base: string): readonly Check[] {
  const { version, retain, refusal, heardOn, unsubscribed } = findings;
  const topic = `${base}/${topics.doctor}`;
  const reached: Check = {
    level: "ok",
    code: "BROKER_REACHED",
    path,
    message: `${url} speaks MQTT ${version}${heardOn === topic ? " and gave back what was published" : ""}`,
    remedy: "",
  };
  const troubles: Check[] = [];
  if (refusal !== null) troubles.push(checkOf("fail", refusal, url));
  else if (heardOn === null) {
    const text = `what was published did not come back: the access list forbids writing or reading ${topic}`;
    // By MQTT 5 the broker would have refused it; by 3.1.1 it cannot.
    const level = version === "5" ? "note" : "fail";
    troubles.push(checkOf(level, new CodedError("BROKER_NOT_HEARD", text), url));
  } else if (heardOn !== topic) {
    const text = `what was published to ${topic} came back on ${heardOn}: commands will not be recognised`;
    troubles.push(checkOf("fail", new CodedError("MQTT_TOPIC_FOREIGN", text), url));
  }
  if (!retain) {
    const text = "the broker keeps no retained messages";
    troubles.push(checkOf("note", new CodedError("MQTT_NO_RETAIN", text), url));
  }
  for (const error of unsubscribed) troubles.push(checkOf("note", error, url));
  return [reached, ...troubles];
}

/** A key of the configuration is the check's path; a topic goes into the message. */
function checkOf(level: "note" | "fail", { code, at = path, message, remedy }: CodedError, url: string): Check {
  if (at.startsWith("mqtt.")) return { level, code, path: at, message, remedy };
  return { level, code, path, message: at === url ? `${url}: ${message}` : `${at}: ${message}`, remedy };
}
