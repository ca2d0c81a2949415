/**
 * As much of Home Assistant as a device has to do with, after its documentation: it finds devices, follows their topics with Mosquitto's
 * clients, renders their templates with Jinja, and does what people do with entities.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { DISCOVERY_TOPIC, type Discovered, type DiscoveredEntity, discoveredIn } from "./home-assistant-schema.js";
import { type Jinja, startJinja } from "./jinja.js";
import { type Heard, type Subscriber, subscribe } from "./mosquitto.js";

export interface HomeAssistant {
  /** By name: "line-7 cam1". Undefined where there is none. */
  device(name: string): HomeAssistantDevice | undefined;
  readonly devices: () => readonly string[];
  /** How often a device's message came. */
  announced(name: string): number;
  /** What was wrong: messages that it does not take, states that no entity may have. */
  readonly faults: readonly string[];
  /** Says `online`, as at its start. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface HomeAssistantDevice {
  readonly discovered: Discovered;
  readonly entities: readonly string[];
  entity(key: string): HomeAssistantEntity;
}

export interface HomeAssistantEntity {
  readonly config: DiscoveredEntity;
  /** `unavailable`, `unknown`, or as the entity has it. */
  state(): string;
  readonly attributes: () => Readonly<Record<string, unknown>>;
  readonly image: () => Buffer | null;
  /** Presses, switches (`ON`, `OFF`), or sets a number. */
  send(value: string | number): Promise<void>;
}

interface Entity {
  readonly config: DiscoveredEntity;
  readonly available: Map<number, boolean>;
  state: string | null;
  attributes: Readonly<Record<string, unknown>>;
  image: Buffer | null;
}

interface Listener {
  readonly topic: string;
  readonly take: (heard: Heard) => Promise<void>;
}

interface Device {
  readonly topic: string;
  discovered: Discovered;
  readonly entities: Map<string, Entity>;
  announced: number;
}

export async function startHomeAssistant(port: number, prefix = "homeassistant"): Promise<HomeAssistant> {
  const jinja: Jinja = startJinja();
  const devices = new Map<string, Device>();
  const subscribers: Subscriber[] = [];
  const faults: string[] = [];
  let work: Promise<void> = Promise.resolve();
  let following: Promise<void> = Promise.resolve();
  let closed = false;
  /** In the order in which things came, as Home Assistant does. */
  const inTurn = (what: () => Promise<void>): void => {
    work = work.then(what).catch((error: unknown) => void faults.push(String(error)));
  };
  /** A client for each device's message: what is retained comes to it at once. */
  const follow = async (listeners: readonly Listener[]): Promise<void> => {
    if (closed || listeners.length === 0) return;
    const onHeard = (heard: Heard): void => {
      for (const { topic, take } of listeners) if (topic === heard.topic) inTurn(() => take(heard));
    };
    const topics = [...new Set(listeners.map(({ topic }) => topic))];
    subscribers.push(await subscribe(port, topics, { onHeard }));
  };
  const render = (template: string | undefined, bytes: Buffer): Promise<string> | string => {
    const value = bytes.toString("utf8");
    if (template === undefined) return value;
    return jinja.render(template, { value, value_json: JSON.parse(value) as unknown });
  };
  const add = (device: Device, key: string, config: DiscoveredEntity): readonly Listener[] => {
    const entity: Entity = { config, available: new Map(), state: null, attributes: {}, image: null };
    device.entities.set(key, entity);
    const listener = (topic: string | undefined, use: (bytes: Buffer) => Promise<void>): readonly Listener[] => {
      if (topic === undefined) return [];
      const take = async ({ bytes }: Heard): Promise<void> => {
        if (device.entities.get(key) === entity && bytes.byteLength > 0) await use(bytes);
      };
      return [{ topic, take }];
    };
    return [
      ...(config.availability ?? []).flatMap(({ topic, value_template }, index) =>
        listener(topic, async (bytes) => {
          const said = await render(value_template, bytes);
          if (said === "online" || said === "offline") entity.available.set(index, said === "online");
          else faults.push(`${key}: availability is ${said}`);
        }),
      ),
      ...listener(config.state_topic, async (bytes) => {
        const said = await render(config.value_template, bytes);
        const fault = stateFault(config, said);
        if (fault !== null) faults.push(`${key}: ${fault}`);
        else if (said !== "") entity.state = said === "None" ? null : said;
      }),
      ...listener(config.json_attributes_topic, async (bytes) => {
        entity.attributes = JSON.parse(await render(config.json_attributes_template, bytes)) as Entity["attributes"];
      }),
      ...listener(config.image_topic, async (bytes) => {
        entity.image = bytes;
      }),
    ];
  };

  const discover = async ({ topic, bytes }: Heard): Promise<void> => {
    const path = topic.slice(prefix.length + 1);
    if (!path.endsWith("/config")) return;
    if (!DISCOVERY_TOPIC.test(path)) throw new Error(`${topic} is no discovery topic`);
    if (bytes.byteLength === 0) {
      devices.get(topic)?.entities.clear();
      devices.delete(topic);
      return;
    }
    const discovered = discoveredIn(JSON.parse(bytes.toString("utf8")));
    const device = devices.get(topic) ?? { topic, discovered, entities: new Map<string, Entity>(), announced: 0 };
    devices.set(topic, device);
    device.discovered = discovered;
    device.announced += 1;
    const added: Listener[] = [];
    for (const [key, config] of Object.entries(discovered.components)) {
      if (config.unique_id === undefined) device.entities.delete(key);
      else if (JSON.stringify(device.entities.get(key)?.config) !== JSON.stringify(config)) {
        added.push(...add(device, key, config));
      }
    }
    following = following.then(() => follow(added));
  };

  const send = async (entity: Entity, value: string | number): Promise<void> => {
    const { command_topic: topic, command_template: template, qos = 0, min, max } = entity.config;
    if (topic === undefined) throw new Error("it takes no command");
    if (typeof value === "number" && (value < (min ?? 1) || value > (max ?? 100))) throw new Error("out of its range");
    const variables = { value, this: { attributes: entity.attributes } };
    const payload = template === undefined ? String(value) : await jinja.render(template, variables);
    await publish(port, topic, payload, qos);
  };
  const entityOf = (entity: Entity): HomeAssistantEntity => ({
    config: entity.config,
    state: () => {
      const conditions = entity.config.availability ?? [];
      if (conditions.some((_, index) => entity.available.get(index) !== true)) return "unavailable";
      return entity.state ?? "unknown";
    },
    attributes: () => entity.attributes,
    image: () => entity.image,
    send: (value) => send(entity, value),
  });
  const named = (name: string): Device | undefined =>
    [...devices.values()].find(({ discovered }) => discovered.device.name === name);

  subscribers.push(await subscribe(port, `${prefix}/#`, { onHeard: (heard) => inTurn(() => discover(heard)) }));
  return {
    device: (name) => {
      const device = named(name);
      if (device === undefined) return undefined;
      return {
        discovered: device.discovered,
        entities: [...device.entities.keys()],
        entity: (key) => {
          const entity = device.entities.get(key);
          if (entity === undefined) throw new Error(`${name} has no ${key}`);
          return entityOf(entity);
        },
      };
    },
    devices: () => [...devices.values()].map(({ discovered }) => discovered.device.name).sort(),
    announced: (name) => named(name)?.announced ?? 0,
    faults,
    start: () => publish(port, `${prefix}/status`, "online", 0),
    close: async () => {
      closed = true;
      await following;
      await Promise.all(subscribers.map((subscriber) => subscriber.stop()));
      await work;
      jinja.close();
    },
  };
}

/** Why Home Assistant would not show a state; null where it would. */
function stateFault({ platform, options, min, max }: DiscoveredEntity, state: string): string | null {
  if (state === "None" || state === "") return null;
  if (platform === "binary_sensor" || platform === "switch") {
    return state === "ON" || state === "OFF" ? null : `${state} is neither ON nor OFF`;
  }
  if (options !== undefined && !options.includes(state)) return `${state} is none of ${options.join(", ")}`;
  if (platform !== "number") return null;
  const value = Number(state);
  return value >= (min ?? 1) && value <= (max ?? 100) ? null : `${state} is out of its range`;
}

async function publish(port: number, topic: string, payload: string, qos: number): Promise<void> {
  const options = ["-p", String(port), "-q", String(qos), "-t", topic, "-m", payload];
  const [status] = (await once(spawn("mosquitto_pub", options), "exit")) as [number | null];
  if (status !== 0) throw new Error(`${topic} could not be published`);
}
