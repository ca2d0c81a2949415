import type { BrokerLimits, Client, ClientOptions, OpenClient } from "../../agent/mqtt/client.js";
import { type Packet, packetBytes, type Received } from "../../agent/mqtt/packet.js";
import { CodedError, type ErrorCode } from "../../errors.js";

/** A packet that waits for the test's answer. */
export interface SentPacket {
  readonly packet: Packet;
  readonly ok: () => void;
  readonly fail: (code: ErrorCode) => void;
}

export const unlimited: BrokerLimits = {
  receiveMaximum: 65_535,
  maximumPacketBytes: 268_435_455,
  retain: true,
  wildcards: true,
};

/** A connection whose answers are the test's to give. */
export function fakeClient(limits: Partial<BrokerLimits> = {}): {
  readonly client: Client;
  readonly sent: SentPacket[];
  readonly unanswered: () => number;
} {
  const sent: SentPacket[] = [];
  let unanswered = 0;
  const nothing = async () => undefined;
  const client: Client = {
    version: 5,
    limits: { ...unlimited, ...limits },
    send: (packet) =>
      new Promise((resolve, reject) => {
        unanswered += 1;
        const ok = () => {
          unanswered -= 1;
          resolve();
        };
        const fail = (code: ErrorCode) => {
          unanswered -= 1;
          reject(new CodedError(code, code));
        };
        sent.push({ packet, ok, fail });
      }),
    subscribe: nothing,
    close: nothing,
    destroy: () => undefined,
  };
  return { client, sent, unanswered: () => unanswered };
}

export interface FakeBroker {
  readonly open: OpenClient;
  /** Ends every connection, as a pulled cable that is noticed: wills are published. */
  cut(): void;
}

/** A broker in memory, for clients that are opened with its `open`: it answers everything, at the end of the turn. */
export function fakeBroker(limits: Partial<BrokerLimits> = {}): FakeBroker {
  const connections = new Map<string, FakeConnection>();
  const retained = new Map<string, Packet>();
  const publish = (packet: Packet): void => {
    if (packet.retain) retained.set(packet.topic, packet);
    for (const connection of connections.values()) connection.receive(packet, false);
  };
  return {
    open: async (options) => {
      connections.get(options.clientId)?.lose("taken-over");
      const connection = new FakeConnection(options, { ...unlimited, ...limits }, publish, retained);
      connection.onOver = () => {
        if (connections.get(options.clientId) === connection) connections.delete(options.clientId);
      };
      connections.set(options.clientId, connection);
      return connection;
    },
    cut: () => {
      for (const connection of [...connections.values()]) connection.lose("reconnect");
    },
  };
}

class FakeConnection implements Client {
  readonly version;
  readonly limits: BrokerLimits;
  readonly #options: ClientOptions;
  readonly #publish: (packet: Packet) => void;
  readonly #retained: ReadonlyMap<string, Packet>;
  readonly #filters: RegExp[] = [];
  #over = false;
  onOver: () => void = () => undefined;

  constructor(
    options: ClientOptions,
    limits: BrokerLimits,
    publish: (packet: Packet) => void,
    retained: ReadonlyMap<string, Packet>,
  ) {
    this.version = options.version;
    this.limits = limits;
    this.#options = options;
    this.#publish = publish;
    this.#retained = retained;
  }

  async send(packet: Packet): Promise<void> {
    const { topic } = packet;
    if (packetBytes(packet, this.version) > this.limits.maximumPacketBytes) {
      throw new CodedError("MQTT_PACKET_TOO_LARGE", "too large", { at: topic });
    }
    await Promise.resolve();
    if (this.#over) throw new CodedError("MQTT_PUBLISH_FAILED", "over", { at: topic });
    this.#publish({ ...packet, retain: packet.retain && this.limits.retain && this.#options.retain });
  }

  async subscribe(filter: string): Promise<void> {
    await Promise.resolve();
    if (this.#over) throw new CodedError("MQTT_PUBLISH_FAILED", "over", { at: filter });
    const levels = filter.split("/").map((level) => (level === "+" ? "[^/]+" : level === "#" ? ".*" : level));
    const matches = new RegExp(`^${levels.join("/")}$`);
    this.#filters.push(matches);
    for (const packet of this.#retained.values()) if (matches.test(packet.topic)) this.#hand(packet, true);
  }

  async close(): Promise<void> {
    this.#end();
  }

  destroy(): void {
    if (!this.#over) this.#end()?.();
  }

  receive(packet: Packet, asRetained: boolean): void {
    if (this.#filters.some((filter) => filter.test(packet.topic))) this.#hand(packet, asRetained);
  }

  lose(effect: "taken-over" | "reconnect"): void {
    this.#end()?.();
    this.#options.onLost({ reason: effect, effect });
  }

  /** @returns what publishes the will */
  #end(): (() => void) | null {
    if (this.#over) return null;
    this.#over = true;
    this.onOver();
    const { will } = this.#options;
    return will === null ? null : () => this.#publish(will);
  }

  #hand({ topic, payload, correlationData }: Packet, retained: boolean): void {
    const message: Received = {
      topic,
      payload: Buffer.from(payload),
      retained,
      responseTopic: null,
      correlationData: correlationData ?? null,
      by: null,
    };
    queueMicrotask(() => this.#options.onReceived(message));
  }
}
