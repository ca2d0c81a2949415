import { CodedError } from "../../errors.js";
import type { Client, Packet } from "./client.js";
import type { InflightWindow } from "./inflight-window.js";
import { type LossReason, MessageQueue, type Parcel } from "./message-queue.js";

/** QoS 0 packets that may be on their way to the socket at once; more means that the broker reads too slowly. */
const MAX_UNWRITTEN = 1_000;

/** The connection that is up, and what it may carry. */
interface Road {
  readonly client: Client;
  readonly window: InflightWindow;
  /** Told of each slot given back. */
  readonly onFree: () => void;
}

/**
 * Brings all that is no alert to whatever connection is up, QoS 1 in its order. What a lost connection left unacknowledged goes out again over
 * the next one: at least once.
 */
export class MessageSender {
  readonly #waiting: MessageQueue;
  /** In the order of sending. */
  readonly #unacknowledged = new Set<Parcel>();
  #unwritten = 0;
  #road: Road | null = null;
  readonly #onDrained: (() => void)[] = [];

  constructor(capacity: number) {
    this.#waiting = new MessageQueue(capacity);
  }

  attach(client: Client, window: InflightWindow, onFree: () => void): void {
    this.#road = { client, window, onFree };
    this.pump();
  }

  detach(): void {
    this.#road = null;
    this.#waiting.putBack([...this.#unacknowledged]);
    this.#unacknowledged.clear();
  }

  /** Resolves when the broker has it, or it was given up and counted. */
  deliver(packet: Packet): Promise<void> {
    if (packet.qos === 0 && this.#road !== null) return this.#sendOnce(this.#road.client, packet);
    if (packet.qos === 0 && !packet.retain) {
      this.#waiting.count("offline");
      return Promise.resolve();
    }
    return new Promise((settle) => {
      this.#waiting.add({ packet, settle });
      this.pump();
    });
  }

  /** Resolves when nothing waits and everything is acknowledged. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrained.push(resolve);
      this.#tellWhenDrained();
    });
  }

  giveUp(reason: LossReason): void {
    this.#waiting.clear(reason);
    this.#tellWhenDrained();
  }

  /** Messages that wait or are unacknowledged. */
  get depth(): number {
    return this.#waiting.length + this.#unacknowledged.size;
  }

  get lost(): Readonly<Record<string, number>> {
    return this.#waiting.lost;
  }

  /** Null while there is no connection. */
  protocol(): "5" | "3.1.1" | null {
    if (this.#road === null) return null;
    return this.#road.client.version === 5 ? "5" : "3.1.1";
  }

  async #sendOnce(client: Client, packet: Packet): Promise<void> {
    if (this.#unwritten >= MAX_UNWRITTEN) {
      this.#waiting.count("congested");
      return;
    }
    this.#unwritten += 1;
    try {
      await client.send(packet);
    } catch (error) {
      this.#waiting.count(refusal(error) ? "refused" : "offline");
    } finally {
      this.#unwritten -= 1;
    }
  }

  pump(): void {
    const road = this.#road;
    while (road !== null && this.#waiting.length > 0 && road.window.take("others")) {
      const parcel = this.#waiting.take()!;
      this.#unacknowledged.add(parcel);
      void this.#sendSurely(road, parcel);
    }
  }

  async #sendSurely(road: Road, parcel: Parcel): Promise<void> {
    try {
      await road.client.send(parcel.packet);
    } catch (error) {
      // A connection that breaks puts everything back by detach; only the broker's own no is final.
      if (!refusal(error)) return;
      this.#waiting.count("refused");
    }
    // Already put back: the acknowledgement came after the connection was given up, and a repetition follows.
    if (!this.#unacknowledged.delete(parcel)) return;
    road.window.giveBack("others");
    parcel.settle();
    road.onFree();
    this.#tellWhenDrained();
  }

  #tellWhenDrained(): void {
    if (this.#waiting.length > 0 || this.#unacknowledged.size > 0) return;
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }
}

/** PUBACK with a reason of 128 and more (MQTT 5, 3.4.2.1): the broker has it and will not take it. */
function refusal(error: unknown): boolean {
  return error instanceof CodedError && /^MQTT_PUBLISH_(REFUSED|INVALID)$/.test(error.code);
}
