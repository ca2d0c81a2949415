import type { Message } from "../types.js";

/** The kinds of entity that the agent has. */
export type Platform = "binary_sensor" | "button" | "image" | "number" | "sensor" | "switch";

/** One entity of a device, by the option names of Home Assistant's documentation. */
export interface Component {
  readonly platform: Platform;
  readonly name: string;
  readonly [option: string]: unknown;
}

/** One device: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload */
export interface Device {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  /** The id of the device that stands between this one and Home Assistant; null where none does. */
  readonly via: string | null;
  /** By what each is called within the device: it stays, whatever the entity is named. */
  readonly components: Readonly<Record<string, Component>>;
}

/** A condition under which an entity can be relied on. */
export interface Availability {
  readonly topic: string;
  /** Renders to `online` or `offline`. */
  readonly value_template: string;
}

/** The options of an entity that can be relied on while all of these hold. */
export function availableWhile(...all: readonly Availability[]): Readonly<Record<string, unknown>> {
  return { availability: all, availability_mode: "all" };
}

/** The topic on which Home Assistant is told of a device. */
export function discoveryTopic(discoveryPrefix: string, { id }: Pick<Device, "id">): string {
  return `${discoveryPrefix}/device/${id}/config`;
}

/**
 * The message that makes a device, retained: Home Assistant finds it at each of its starts.
 * @param gone what the device had before: an entity of which only the platform is named is removed
 */
export function discoveryMessage(
  { id, name, model, via, components }: Device,
  at: { readonly topic: string; readonly version: string; readonly gone: Readonly<Record<string, Platform>> },
): Message {
  const removed = Object.entries(at.gone).map(([key, platform]) => [key, { platform }] as const);
  const kept = Object.entries(components).map(([key, { platform, ...options }]) => {
    return [key, { platform, unique_id: `${id}-${key}`, ...options, qos: 1 }] as const;
  });
  const payload = {
    device: {
      identifiers: [id],
      name,
      manufacturer: "Retort",
      model,
      sw_version: at.version,
      ...(via === null ? {} : { via_device: via }),
    },
    origin: { name: "Retort", sw_version: at.version },
    components: Object.fromEntries([...removed, ...kept]),
  };
  return { topic: at.topic, inFull: true, payload, qos: 1, retain: true };
}

/** The message that ends what a topic retains; of a device's topic, the device. @param topic in full */
export function clearing(topic: string): Message {
  return { topic, inFull: true, payload: new Uint8Array(0), qos: 1, retain: true };
}
