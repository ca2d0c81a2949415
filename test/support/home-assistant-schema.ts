/**
 * What Home Assistant takes of a device's discovery message, after its documentation (2025.1 and later): the options of each platform at
 * home-assistant.io/integrations/<platform>.mqtt, those of the message at home-assistant.io/integrations/mqtt/#device-discovery-payload.
 * Home Assistant ignores options of entities that it does not know; here they are refused, as they would have no effect.
 */
import { Ajv2020 } from "ajv/dist/2020.js";

const text = { type: "string", minLength: 1 };
const flag = { type: "boolean" };
const number = { type: "number" };
const seconds = { type: "integer", minimum: 0 };
/** With wildcards, too: what is subscribed to. */
const listenTopic = { type: "string", minLength: 1, maxLength: 65_535 };
const sendTopic = { type: "string", minLength: 1, maxLength: 65_535, pattern: "^[^+#\\u0000]+$" };
const template = text;
const word = (...words: readonly string[]) => ({ enum: words });

const availability = {
  type: "array",
  items: {
    type: "object",
    required: ["topic"],
    properties: { topic: listenTopic, payload_available: text, payload_not_available: text, value_template: template },
    additionalProperties: false,
  },
};

const common = {
  platform: text,
  availability,
  availability_mode: word("all", "any", "latest"),
  default_entity_id: text,
  enabled_by_default: flag,
  encoding: { type: "string" },
  entity_picture: text,
  icon: { type: "string", pattern: "^[a-z]+:[a-z0-9-]+$" },
  json_attributes_template: template,
  json_attributes_topic: listenTopic,
  name: { type: ["string", "null"] },
  // Not optional in a device's message: without it an entity belongs to no device.
  unique_id: text,
  qos: { enum: [0, 1, 2] },
};

const ENTITY_CATEGORY = word("config", "diagnostic");
const READ_ONLY = { entity_category: word("diagnostic"), state_topic: listenTopic, value_template: template };
const COMMANDED = {
  entity_category: ENTITY_CATEGORY,
  command_topic: sendTopic,
  command_template: template,
  retain: flag,
};

/** By platform: the options that must be there, and all that may be. */
const platforms = {
  binary_sensor: {
    required: ["state_topic"],
    properties: {
      ...READ_ONLY,
      device_class: word("connectivity", "problem", "running", "safety"),
      expire_after: seconds,
      force_update: flag,
      off_delay: seconds,
      payload_off: text,
      payload_on: text,
    },
  },
  button: {
    required: ["command_topic"],
    properties: { ...COMMANDED, device_class: word("identify", "restart", "update"), payload_press: text },
  },
  image: {
    oneOf: [{ required: ["image_topic"] }, { required: ["url_topic"] }],
    properties: {
      entity_category: ENTITY_CATEGORY,
      content_type: text,
      image_encoding: word("b64"),
      image_topic: listenTopic,
      url_template: template,
      url_topic: listenTopic,
    },
  },
  number: {
    required: ["command_topic"],
    properties: {
      ...COMMANDED,
      device_class: text,
      max: number,
      min: number,
      mode: word("auto", "box", "slider"),
      optimistic: flag,
      payload_reset: text,
      state_topic: listenTopic,
      step: { type: "number", minimum: 0.001 },
      unit_of_measurement: text,
      value_template: template,
    },
  },
  sensor: {
    required: ["state_topic"],
    properties: {
      ...READ_ONLY,
      device_class: word("enum", "duration", "data_size", "temperature", "timestamp"),
      expire_after: seconds,
      force_update: flag,
      last_reset_value_template: template,
      options: { type: "array", items: text, minItems: 1, uniqueItems: true },
      state_class: word("measurement", "total", "total_increasing"),
      suggested_display_precision: { type: "integer", minimum: 0 },
      unit_of_measurement: text,
    },
    allOf: [
      // `options` are an enum's, and an enum measures nothing.
      {
        if: { required: ["options"] },
        // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word.
        then: {
          required: ["device_class"],
          properties: { device_class: { const: "enum" } },
          not: { anyOf: [{ required: ["state_class"] }, { required: ["unit_of_measurement"] }] },
        },
      },
      unitsOf("duration", ["d", "h", "min", "s", "ms", "μs"]),
      unitsOf("data_size", ["B", "kB", "MB", "GB", "KiB", "MiB", "GiB"]),
    ],
  },
  switch: {
    required: ["command_topic"],
    properties: {
      ...COMMANDED,
      device_class: word("outlet", "switch"),
      optimistic: flag,
      payload_off: text,
      payload_on: text,
      state_off: text,
      state_on: text,
      state_topic: listenTopic,
      value_template: template,
    },
  },
};

function unitsOf(deviceClass: string, units: readonly string[]): object {
  return {
    if: { required: ["device_class"], properties: { device_class: { const: deviceClass } } },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word.
    then: { required: ["unit_of_measurement"], properties: { unit_of_measurement: { enum: units } } },
  };
}

const component = {
  anyOf: [
    // An entity that is removed.
    {
      type: "object",
      required: ["platform"],
      properties: { platform: { enum: Object.keys(platforms) } },
      additionalProperties: false,
    },
    ...Object.entries(platforms).map(([name, { properties, ...rest }]) => ({
      type: "object",
      ...rest,
      required: ["platform", "unique_id", ...("required" in rest ? rest.required : [])],
      properties: { ...common, ...properties, platform: { const: name } },
      additionalProperties: false,
    })),
  ],
};

const schema = {
  type: "object",
  required: ["device", "origin", "components"],
  properties: {
    device: {
      type: "object",
      required: ["identifiers"],
      properties: {
        configuration_url: { type: "string", pattern: "^(https?|homeassistant)://" },
        connections: { type: "array" },
        hw_version: text,
        identifiers: { type: "array", items: text, minItems: 1 },
        manufacturer: text,
        model: text,
        model_id: text,
        name: text,
        serial_number: text,
        suggested_area: text,
        sw_version: text,
        via_device: text,
      },
      additionalProperties: false,
    },
    origin: {
      type: "object",
      required: ["name"],
      properties: { name: text, sw_version: text, support_url: { type: "string", pattern: "^https?://" } },
      additionalProperties: false,
    },
    components: { type: "object", additionalProperties: component },
    availability,
    availability_mode: common.availability_mode,
    state_topic: listenTopic,
    command_topic: sendTopic,
    qos: common.qos,
    encoding: common.encoding,
  },
  additionalProperties: false,
};

/** A device's message, once it has passed. */
export interface Discovered {
  readonly device: { readonly identifiers: readonly string[]; readonly name: string; readonly via_device?: string };
  readonly components: Readonly<Record<string, DiscoveredEntity>>;
}

export interface DiscoveredEntity {
  readonly platform: string;
  readonly unique_id?: string;
  readonly name?: string;
  readonly availability?: readonly { readonly topic: string; readonly value_template?: string }[];
  readonly state_topic?: string;
  readonly value_template?: string;
  readonly options?: readonly string[];
  readonly json_attributes_topic?: string;
  readonly json_attributes_template?: string;
  readonly command_topic?: string;
  readonly command_template?: string;
  readonly image_topic?: string;
  readonly min?: number;
  readonly max?: number;
  readonly qos?: number;
}

const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true, strictRequired: false }).compile<Discovered>(
  schema,
);

/** The message. @throws Error naming what Home Assistant would not take */
export function discoveredIn(payload: unknown): Discovered {
  if (validate(payload)) return payload;
  const faults = (validate.errors ?? []).map(({ instancePath, message, params }) => {
    return `${instancePath} ${message} ${JSON.stringify(params)}`;
  });
  throw new Error(faults.join("\n"));
}

/** Home Assistant's own pattern of what may stand between the prefix and `config`. */
export const DISCOVERY_TOPIC = /^device\/(?:[a-zA-Z0-9_-]+\/)?[a-zA-Z0-9_-]+\/config$/;
