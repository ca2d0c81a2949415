import { isLoopback } from "./loopback.js";
import { modbusRules } from "./modbus.js";
import { partOf, raiseAfterOf } from "./parts.js";
import type { Problem } from "./problems.js";
import { RESERVED_LEVELS } from "./reserved-levels.js";
import { itemName } from "./tree.js";
import type { CameraConfig, Config } from "./types.js";

/** What no single value shows: combinations that cannot be meant, and names that lead nowhere. */
export function brokenRules(config: Config): readonly Problem[] {
  return [
    ...mqttRules(config),
    ...httpRules(config),
    ...cameraListRules(config),
    ...modbusRules(config),
    ...sparkplugRules(config),
    ...homeAssistantRules(config),
    ...config.cameras.flatMap((camera, index) =>
      cameraRules(camera, `cameras.${itemName(config.cameras, index)}`, config),
    ),
  ];
}

/** Names that are well for MQTT, and that RabbitMQ changes on their way: a warning. */
export function dottedNames({ agent, mqtt, cameras }: Config): readonly Problem[] {
  const names: readonly (readonly [string, string])[] = [
    ["agent.id", agent.id],
    ["mqtt.prefix", mqtt.prefix],
    ...cameras.map(({ id }) => [`cameras.${id}.id`, id] as const),
  ];
  return names.flatMap(([path, name]) => {
    if (!name.includes(".")) return [];
    const message = `${name} has dots: RabbitMQ turns the dots of a topic into levels`;
    return [{ code: "CONFIG_NAME_DOTTED", path, message, remedy: `Call it ${name.replaceAll(".", "-")}.` }];
  });
}

function mqttRules({ mqtt }: Config): readonly Problem[] {
  const problems: Problem[] = [];
  if (mqtt.url === "embedded" && mqtt.username !== null) {
    problems.push(conflict("mqtt.username", "the embedded broker asks nobody's name", "Remove it, or set mqtt.url."));
  }
  if (mqtt.passwordFile !== null && mqtt.username === null) {
    problems.push(conflict("mqtt.passwordFile", "there is no mqtt.username for the password", "Set mqtt.username."));
  }
  const secure = /^(mqtts|wss):/.test(mqtt.url);
  for (const key of ["caFile", "certFile", "keyFile", "serverName"] as const) {
    // Whoever names certificates means TLS: a plain connection would be a silent downgrade.
    if (mqtt[key] === null || secure) continue;
    problems.push(
      conflict(`mqtt.${key}`, "means nothing without TLS", "Write mqtts:// or wss:// in mqtt.url, or remove it."),
    );
  }
  for (const [key, other] of [
    ["certFile", "keyFile"],
    ["keyFile", "certFile"],
  ] as const) {
    if (mqtt[key] === null || mqtt[other] !== null) continue;
    problems.push(conflict(`mqtt.${key}`, `there is no mqtt.${other} for it`, `Set mqtt.${other}.`));
  }
  return problems;
}

function httpRules({ http }: Config): readonly Problem[] {
  if (!http.enabled || http.tokenFile !== null) return [];
  if (http.viewTokenFile !== null) {
    const remedy = "Set http.tokenFile, too: without it whoever is on this machine may act.";
    return [conflict("http.viewTokenFile", "there is no http.tokenFile for those who may act", remedy)];
  }
  if (isLoopback(http.host)) return [];
  const remedy = "Set http.tokenFile, or use 127.0.0.1.";
  return [conflict("http.host", "an address beyond this machine needs a token", remedy)];
}

function sparkplugRules({ sparkplug: { enabled, group } }: Config): readonly Problem[] {
  if (!enabled || group !== "STATE") return [];
  const message = "spBv1.0/STATE/... are the topics of Sparkplug's hosts";
  return [conflict("sparkplug.group", message, "Choose another group.")];
}

/** The agent would take its own topics for Home Assistant's, and commands for births. */
function homeAssistantRules({ homeAssistant, mqtt }: Config): readonly Problem[] {
  if (!homeAssistant.enabled) return [];
  return (["discoveryPrefix", "birthTopic"] as const).flatMap((key) => {
    if (!`${homeAssistant[key]}/`.startsWith(`${mqtt.prefix}/`)) return [];
    const message = `${homeAssistant[key]} lies below mqtt.prefix, with the topics of agents`;
    return [conflict(`homeAssistant.${key}`, message, "Name a topic beside mqtt.prefix, as Home Assistant has it.")];
  });
}

function cameraListRules({ cameras }: Config): readonly Problem[] {
  return cameras.flatMap(({ id }, index) => {
    const first = cameras.findIndex((camera) => camera.id === id);
    if (first === index) return [];
    return [conflict(`cameras.${index}.id`, `cameras.${first} is called ${id}, too`, "Give each camera its own id.")];
  });
}

function cameraRules(camera: CameraConfig, path: string, { models }: Config): readonly Problem[] {
  const problems: Problem[] = [];
  const { id, model, roi, source, alert } = camera;
  // What is kept by camera is looked up by its id, and such a name is found in any object.
  if (id in Object.prototype) {
    problems.push(conflict(`${path}.id`, `${id} is a name of JavaScript's own`, "Choose another id."));
  }
  if (RESERVED_LEVELS.includes(id)) {
    problems.push(conflict(`${path}.id`, `${id} is a topic of the agent's own`, "Choose another id."));
  }
  if (!Object.hasOwn(models, model)) {
    const remedy = `Known models: ${Object.keys(models).join(", ") || "none; add one under models"}.`;
    problems.push({
      code: "CONFIG_REFERENCE_UNKNOWN",
      path: `${path}.model`,
      message: `there is no model called ${model}`,
      remedy,
    });
  }
  const raiseAfter = raiseAfterOf(camera);
  if (alert.within !== null && alert.within < raiseAfter) {
    const message = `${raiseAfter} anomalous frames (raiseAfter) never lie within the last ${alert.within}`;
    problems.push(conflict(`${path}.alert.within`, message, "Set it to raiseAfter or more, or remove it."));
  }
  const { on, per, closeAfterMs, deadlineMs, lateIs } = camera.parts;
  if (on === "inspect" && (per === "context" || partOf(camera) === null)) {
    const remedy = "Set parts.per: frame, or { frames: N }; or remove it.";
    problems.push(conflict(`${path}.parts.on`, "an inspection is of a part of one picture, or of N", remedy));
  }
  if (closeAfterMs !== null && per !== "context") {
    const remedy = "Set parts.per: context, or remove it.";
    problems.push(conflict(`${path}.parts.closeAfterMs`, "only parts of `context` are closed by time", remedy));
  }
  if (lateIs === "unknown" && deadlineMs === null) {
    const remedy = "Set parts.deadlineMs, or remove it.";
    problems.push(conflict(`${path}.parts.lateIs`, "without a deadline no verdict is late", remedy));
  }
  // The shares may have been rounded by hand: 0.33 + 0.67.
  if (roi.x + roi.width > 1 + 1e-9) {
    problems.push(conflict(`${path}.roi`, "x + width is beyond the frame", "Keep their sum at 1 or below."));
  }
  if (roi.y + roi.height > 1 + 1e-9) {
    problems.push(conflict(`${path}.roi`, "y + height is beyond the frame", "Keep their sum at 1 or below."));
  }
  if ("width" in source !== "height" in source) {
    problems.push(conflict(`${path}.source`, "one of width and height is missing", "Give both, or neither."));
  }
  if (source.type === "rtsp" && source.passwordFile !== undefined && source.username === undefined) {
    const remedy = "Set username beside it.";
    problems.push(conflict(`${path}.source.passwordFile`, "there is no username for the password", remedy));
  }
  if (source.type === "aravis" && source.triggerSource !== undefined && source.trigger !== "hardware") {
    const remedy = "Set trigger: hardware, or remove it.";
    problems.push(conflict(`${path}.source.triggerSource`, `means nothing with trigger: ${source.trigger}`, remedy));
  }
  return problems;
}

function conflict(path: string, message: string, remedy: string): Problem {
  return { code: "CONFIG_CONFLICT", path, message, remedy };
}
