import { section, setting } from "./declare.js";
import { flag, number, topicPrefix } from "./formats.js";

/** What a configuration says of Home Assistant. */
export const homeAssistantSection = section(
  "Devices for Home Assistant, by its MQTT discovery; see docs/home-assistant.md",
  {
    enabled: setting(false, flag, "whether Home Assistant finds the agent and its cameras"),
    discoveryPrefix: setting("homeassistant", topicPrefix, "as Home Assistant's MQTT options name it"),
    birthTopic: setting(
      "homeassistant/status",
      topicPrefix,
      "where Home Assistant says that it has started, as its MQTT options name it",
    ),
    scoreEveryS: setting(
      5,
      number(0.5, 3_600),
      "seconds between two scores of a camera; each is the highest since the one before",
    ),
  },
);
