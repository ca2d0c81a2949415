import { partOf } from "../../config/parts.js";
import type { CameraConfig, Config } from "../../config/types.js";
import { baseTopic, topics } from "../contract/topics.js";
import { agentOnline } from "./agent-device.js";
import { type Availability, availableWhile, type Component, type Device } from "./discovery.js";
import { deviceId } from "./ids.js";
import { commandTemplate, Expression, jinjaText } from "./templates.js";

type Options = Readonly<Record<string, unknown>>;

const STATES = ["starting", "ok", "anomalous", "idle", "no-signal", "faulted", "disabled"] as const;
/** Home Assistant shows no number beyond its limits; models of others score as they like, and a threshold has no upper limit. */
const MOST_THRESHOLD = 1_000_000_000;
/** States of a camera whose pictures are judged. */
const JUDGING = "['ok', 'anomalous', 'idle']";
const MEASURED = { state_class: "measurement", entity_category: "diagnostic" } as const;

/** A camera as a device: what it sees, what is wrong, and what an operator may do. */
export function cameraDevice(camera: CameraConfig, { agent, mqtt, evidence }: Config): Device {
  const { id } = camera;
  const base = baseTopic(mqtt.prefix, agent.id);
  const at = (topic: string): string => `${base}/${topic}`;
  const online = agentOnline(base);
  const of = (topic: string, value: string): Options => ({ state_topic: at(topic), value_template: `{{ ${value} }}` });
  const while_ = (topic: string, condition: string): Availability => ({
    topic: at(topic),
    value_template: `{{ 'online' if ${condition} else 'offline' }}`,
  });
  const attributes = (topic: string, value: string): Options => ({
    json_attributes_topic: at(topic),
    json_attributes_template: `{{ (${value}) | tojson }}`,
  });
  const command = (name: string, fields: Readonly<Record<string, string | Expression>>): Options => ({
    command_topic: at(`cmd/${name}`),
    command_template: commandTemplate(fields),
  });
  const judging = while_(topics.state(id), `value_json.state in ${JUDGING}`);
  const unseen = while_(topics.summary(id), "value_json.alert and not value_json.alert.acknowledged");
  // A message of a run before, or of one to come, may know no such camera.
  const health = `(value_json.cameras[${jinjaText(id)}] | default({}))`;

  const components: Record<string, Component> = {
    defect: {
      platform: "binary_sensor",
      name: "Defect",
      device_class: "problem",
      // What is not judged is unknown, and never well.
      ...of(topics.state(id), `{'anomalous': 'ON', 'ok': 'OFF', 'idle': 'OFF'}.get(value_json.state)`),
      ...availableWhile(online),
    },
    fault: {
      platform: "binary_sensor",
      name: "Camera fault",
      device_class: "problem",
      ...of(topics.state(id), "'ON' if value_json.state in ['no-signal', 'faulted'] else 'OFF'"),
      ...attributes(topics.state(id), "{'reason': value_json.reason}"),
      ...availableWhile(online),
    },
    state: {
      platform: "sensor",
      name: "State",
      device_class: "enum",
      options: STATES,
      ...of(topics.state(id), "value_json.state"),
      ...attributes(topics.state(id), "{'reason': value_json.reason, 'since': value_json.since}"),
      ...availableWhile(online),
    },
    score: {
      platform: "sensor",
      name: "Score",
      state_class: "measurement",
      suggested_display_precision: 3,
      ...of(topics.summary(id), "value_json.score"),
      ...availableWhile(online, judging),
    },
    enabled: {
      platform: "switch",
      name: "Enabled",
      ...of(topics.summary(id), "'ON' if value_json.enabled else 'OFF'"),
      // One topic for on and off is all that a switch has.
      ...command("enable", { camera: id, enabled: new Expression("{{ 'true' if value == 'ON' else 'false' }}") }),
      ...availableWhile(online),
    },
    threshold: {
      platform: "number",
      name: "Threshold",
      entity_category: "config",
      mode: "box",
      min: 0,
      max: MOST_THRESHOLD,
      step: 0.001,
      ...of(topics.summary(id), "value_json.threshold"),
      ...command("threshold", { camera: id, threshold: new Expression("{{ value }}") }),
      ...availableWhile(online, while_(topics.summary(id), "value_json.threshold is not none")),
    },
    acknowledge: {
      platform: "button",
      name: "Acknowledge alert",
      ...attributes(topics.summary(id), "value_json.alert or {}"),
      // Its own attributes tell which alert it is that the button stands for.
      ...command("acknowledge", { alert: new Expression(`"{{ this.attributes.id }}"`) }),
      ...availableWhile(online, unseen),
    },
    restart: {
      platform: "button",
      name: "Restart camera",
      device_class: "restart",
      entity_category: "config",
      ...command("restart-camera", { camera: id }),
      ...availableWhile(online, while_(topics.state(id), "value_json.state != 'disabled'")),
    },
    fps: {
      platform: "sensor",
      name: "Frames per second",
      ...MEASURED,
      suggested_display_precision: 1,
      ...of(topics.health, `${health}.fps`),
      ...availableWhile(online),
    },
    inspected: {
      platform: "sensor",
      name: "Share inspected",
      ...MEASURED,
      unit_of_measurement: "%",
      suggested_display_precision: 1,
      ...of(topics.health, `${health}.share * 100 if ${health}.share is number else none`),
      ...availableWhile(online),
    },
    ...(evidence.enabled ? { picture: pictureOf(at(topics.picture(id))) } : {}),
    ...(partOf(camera) === null ? {} : partComponents(of, { id, available: availableWhile(online) })),
  };
  return { id: deviceId(base, id), name: `${agent.id} ${id}`, model: "Camera", via: deviceId(base, null), components };
}

/** It has no availability: the picture of an alert tells the truth when its agent is gone, too. */
function pictureOf(topic: string): Component {
  return { platform: "image", name: "Last alert", image_topic: topic, content_type: "image/jpeg" };
}

function partComponents(
  of: (topic: string, value: string) => Options,
  { id, available }: { readonly id: string; readonly available: Options },
): Readonly<Record<string, Component>> {
  const count = (name: string, verdict: string): Component => ({
    platform: "sensor",
    name,
    state_class: "total_increasing",
    ...of(topics.summary(id), `value_json.parts.${verdict}`),
    ...available,
  });
  return {
    verdict: {
      platform: "sensor",
      name: "Verdict",
      device_class: "enum",
      // A state `unknown` is Home Assistant's own.
      options: ["ok", "ng", "not judged"],
      ...of(topics.verdict(id), "'not judged' if value_json.verdict == 'unknown' else value_json.verdict"),
      ...available,
    },
    "parts-ok": count("Good parts", "ok"),
    "parts-ng": count("Bad parts", "ng"),
    "parts-unknown": count("Parts not judged", "unknown"),
  };
}
