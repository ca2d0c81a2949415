import type { Config } from "../../config/types.js";
import { baseTopic, topics } from "../contract/topics.js";
import { type Availability, availableWhile, type Component, type Device } from "./discovery.js";
import { deviceId } from "./ids.js";

const DIAGNOSTIC = { entity_category: "diagnostic" } as const;

/** While the broker has heard no `stopped`, and no last will of it. @param base `T` */
export function agentOnline(base: string): Availability {
  return {
    topic: `${base}/${topics.status}`,
    value_template: "{{ 'online' if value_json.state == 'online' else 'offline' }}",
  };
}

/** The agent as a device: whether it runs, and what waits for its broker. */
export function agentDevice({ agent, mqtt }: Pick<Config, "agent" | "mqtt">): Device {
  const base = baseTopic(mqtt.prefix, agent.id);
  const status = { state_topic: `${base}/${topics.status}` };
  const health = (value: string): Readonly<Record<string, unknown>> => ({
    state_topic: `${base}/${topics.health}`,
    value_template: `{{ ${value} }}`,
    ...availableWhile(agentOnline(base)),
    ...DIAGNOSTIC,
  });
  const sensor = (name: string, options: Readonly<Record<string, unknown>>): Component => {
    return { platform: "sensor", name, ...options };
  };
  return {
    id: deviceId(base, null),
    name: `Retort ${agent.id}`,
    model: "Agent",
    via: null,
    components: {
      // The one that stays available when the agent does not.
      status: sensor("Status", {
        ...status,
        value_template: "{{ value_json.state }}",
        device_class: "enum",
        options: ["online", "stopped", "offline"],
        ...DIAGNOSTIC,
      }),
      version: sensor("Version", { ...status, value_template: "{{ value_json.version }}", ...DIAGNOSTIC }),
      waiting: sensor("Alerts waiting", {
        ...health("value_json.outbox.depth"),
        state_class: "measurement",
      }),
      "waiting-verdicts": sensor("Verdicts waiting", {
        ...health("value_json.outbox.verdicts"),
        state_class: "measurement",
      }),
      "waiting-since": sensor("Longest wait", {
        ...health("(value_json.outbox.ageMs / 1000) | round(1)"),
        device_class: "duration",
        unit_of_measurement: "s",
        state_class: "measurement",
      }),
      lost: sensor("Given up", {
        ...health("value_json.outbox.lost.values() | sum"),
        state_class: "total_increasing",
      }),
      "disk-full": {
        platform: "binary_sensor",
        name: "Disk full",
        ...health("'ON' if value_json.outbox.full else 'OFF'"),
        device_class: "problem",
      },
      throttled: {
        platform: "binary_sensor",
        name: "Throttled",
        ...health("'ON' if value_json.throttling.reasons else 'OFF'"),
        device_class: "problem",
      },
      provider: {
        platform: "binary_sensor",
        name: "Provider not used",
        ...health("'ON' if value_json.providers.values() | selectattr('fault', 'string') | list else 'OFF'"),
        device_class: "problem",
      },
      temperature: sensor("Highest temperature", {
        ...health("(value_json.temperaturesC.values() | max) if value_json.temperaturesC else none"),
        device_class: "temperature",
        unit_of_measurement: "°C",
        state_class: "measurement",
        suggested_display_precision: 0,
      }),
      broker: sensor("MQTT version", { ...health("value_json.broker.protocol") }),
      memory: sensor("Memory", {
        ...health("value_json.memory.rssMb"),
        device_class: "data_size",
        unit_of_measurement: "MB",
        state_class: "measurement",
        suggested_display_precision: 0,
      }),
    },
  };
}
