import { CodedError } from "../../errors.js";
import type { Link, Packet } from "./client.js";
import type { Window } from "./inflight-window.js";
import { type LossReason, type Parcel, WaitingQueue } from "./message-queue.js";

/** QoS 0 packets that may be on their way to the socket at once; more means that the broker reads too slowly. */
const MAX_UNWRITTEN = 1_000;

/** The link that is up, and what it may carry. */
interface Road {
  readonly link: Link;
  readonly window: Window;
  /** Told of each slot given back. */
  readonly onFree: () => void;
}

/**
 * Brings all that is no alert to whatever link is up, QoS 1 in its order. What a lost link left unacknowledged goes out again over
 * the next one: at least once.
 */
export class Courier {
  readonly #waiting: WaitingQueue;
  /** In the order of sending. */
  readonly #unacknowledged = new Set<Parcel>();
  #unwritten = 0;
  #road: Road | null = null;
  #onDrained: (() => void)[] = [];

  constructor(capacity: number) {
    this.#waiting = new WaitingQueue(capacity);
  }

  linkUp(link: Link, window: Window, onFree: () => void): void {
    this.#road = { link, window, onFree };
    this.pump();
  }

  linkDown(): void {
    this.#road = null;
    this.#waiting.putBack([...this.#unacknowledged]);
    this.#unacknowledged.clear();
  }

  /** Resolves when the broker has it, or it was given up and counted. */
  deliver(packet: Packet): Promise<void> {
    if (packet.qos === 0 && this.#road !== null) return this.#sendOnce(this.#road.link, packet);
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
    return this.#road.link.version === 5 ? "5" : "3.1.1";
  }

  async #sendOnce(link: Link, packet: Packet): Promise<void> {
    if (this.#unwritten >= MAX_UNWRITTEN) {
      this.#waiting.count("congested");
      return;
    }
    this.#unwritten += 1;
    try {
      await link.send(packet);
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
      await road.link.send(parcel.packet);
    } catch (error) {
      // A link that breaks puts everything back by linkDown; only the broker's own no is final.
      if (!refusal(error)) return;
      this.#waiting.count("refused");
    }
    // Already put back: the acknowledgement came after the link was given up, and a repetition follows.
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
