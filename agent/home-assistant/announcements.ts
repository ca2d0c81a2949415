import type { Config } from "../../config/types.js";
import { messageOf } from "../../errors.js";
import { baseTopic, topics } from "../contract/topics.js";
import type { Logger } from "../kit/log.js";
import { productVersion } from "../kit/version.js";
import type { Message } from "../types.js";
import { agentDevice } from "./agent-device.js";
import { cameraDevice } from "./camera-device.js";
import { clearing, type Device, discoveryMessage, discoveryTopic, type Platform } from "./discovery.js";
import { keepPublished, type Published, readPublished } from "./published.js";

export interface AnnouncementsDeps {
  /** Resolves when the broker has it, or it was given up. Never rejects. */
  readonly publish: (message: Message) => Promise<void>;
  readonly log: Logger;
}

type Entities = Published[string];

/** What Home Assistant is told to have, and to have no longer. What is retained for it is noted on disk before it is published. */
export class Announcements {
  readonly #statePath: string;
  readonly #deps: AnnouncementsDeps;
  /** By discovery topic; none where it is switched off. */
  readonly #devices: ReadonlyMap<string, Device>;
  readonly #now: Published;
  #before: Published = {};
  #keeping: Promise<void> = Promise.resolve();
  /** What the disk did not take. */
  #unkept: Published | null = null;
  #closed = false;

  constructor(config: Config, deps: AnnouncementsDeps) {
    const { homeAssistant, agent, mqtt, cameras, evidence, state } = config;
    const devices = homeAssistant.enabled
      ? [agentDevice(config), ...cameras.map((camera) => cameraDevice(camera, config))]
      : [];
    const own = (topic: string): string => `${baseTopic(mqtt.prefix, agent.id)}/${topic}`;
    const beside = cameras.flatMap(({ id }) => [
      own(topics.summary(id)),
      ...(evidence.enabled ? [own(topics.picture(id))] : []),
    ]);
    this.#statePath = state.path;
    this.#deps = deps;
    this.#devices = new Map(devices.map((device) => [discoveryTopic(homeAssistant.discoveryPrefix, device), device]));
    this.#now = Object.fromEntries([
      ...[...this.#devices].map(([topic, device]) => [topic, entitiesOf(device)] as const),
      ...(homeAssistant.enabled ? beside.map((topic) => [topic, {}] as const) : []),
    ]);
  }

  /** Takes back what earlier runs published and is gone, and announces what there is. What goes wrong is logged. */
  async begin(): Promise<void> {
    const { publish, log } = this.#deps;
    this.#before = await readPublished(this.#statePath).catch((error: unknown) => {
      log.warn(`what Home Assistant was told before cannot be read, what is gone stays there: ${messageOf(error)}`);
      return {};
    });
    const gone = Object.keys(this.#before).filter((topic) => !Object.hasOwn(this.#now, topic));
    if (this.#closed || (this.#devices.size === 0 && gone.length === 0)) return;
    const both = [...Object.entries(this.#before), ...Object.entries(this.#now)];
    const all = Object.fromEntries(both.map(([topic, now]) => [topic, { ...this.#before[topic], ...now }]));
    await this.#keep(all);
    if (this.#closed) return;
    const cleared = Promise.all(gone.map((topic) => publish(clearing(topic))));
    this.announce();
    await cleared;
    // What waits when the agent stops is given up: the next run takes it back.
    if (this.#closed || gone.length === 0) return;
    await this.#keep(Object.fromEntries(Object.entries(all).filter(([topic]) => !gone.includes(topic))));
  }

  /** Says again what there is. */
  announce(): void {
    if (this.#closed || this.#devices.size === 0) return;
    const version = productVersion();
    for (const [topic, device] of this.#devices) {
      const before = Object.entries(this.#before[topic] ?? {});
      const gone = before.filter(([key]) => !Object.hasOwn(device.components, key));
      const message = discoveryMessage(device, { topic, version, gone: Object.fromEntries(gone) });
      void this.#deps.publish(message);
    }
  }

  /** Does not wait for the broker. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#keeping;
    // Once more, for the next run: a disk that was full may have room.
    if (this.#unkept !== null) await this.#keep(this.#unkept);
  }

  #keep(published: Published): Promise<void> {
    this.#unkept = null;
    this.#keeping = keepPublished(this.#statePath, published).catch((error: unknown) => {
      this.#unkept = published;
      this.#deps.log.warn(`what Home Assistant is told cannot be kept, and not be taken back: ${messageOf(error)}`);
    });
    return this.#keeping;
  }
}

function entitiesOf({ components }: Device): Entities {
  return Object.fromEntries(
    Object.entries(components).map(([key, { platform }]): readonly [string, Platform] => [key, platform]),
  );
}
