import { CodedError } from "../errors.js";
import type { Link, Packet } from "./link.js";
import type { OutboxHealth } from "./payloads.js";
import { type LossReason, type Parcel, WaitingQueue } from "./waiting.js";

/** QoS 0 packets that may be on their way to the socket at once; more means that the broker reads too slowly. */
const MAX_UNWRITTEN = 1_000;
/** QoS 1 packets in flight at once; Mosquitto allows 20 by default. */
const MAX_UNACKNOWLEDGED = 16;

/**
 * Brings packets to whatever link is up, QoS 1 in its order. What a lost link left unacknowledged goes out again over
 * the next one: at least once.
 */
export class Courier {
  readonly #waiting: WaitingQueue;
  readonly #wallMs: () => number;
  /** In the order of sending. */
  readonly #unacknowledged = new Set<Parcel>();
  #unwritten = 0;
  #link: Link | null = null;
  #onDrained: (() => void)[] = [];

  constructor(capacity: number, wallMs: () => number) {
    this.#waiting = new WaitingQueue(capacity);
    this.#wallMs = wallMs;
  }

  linkUp(link: Link): void {
    this.#link = link;
    this.#pump();
  }

  linkDown(): void {
    this.#link = null;
    this.#waiting.putBack([...this.#unacknowledged]);
    this.#unacknowledged.clear();
  }

  /** Resolves when the broker has it, or it was given up and counted. */
  deliver(packet: Packet, { alert = false } = {}): Promise<void> {
    if (packet.qos === 0 && this.#link !== null) return this.#sendOnce(this.#link, packet);
    if (packet.qos === 0 && !packet.retain) {
      this.#waiting.count("offline");
      return Promise.resolve();
    }
    return new Promise((settle) => {
      this.#waiting.add({ packet, alert, sinceMs: this.#wallMs(), settle });
      this.#pump();
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

  health(): OutboxHealth {
    const [first] = this.#unacknowledged;
    const oldest = first?.sinceMs ?? this.#waiting.oldestMs;
    const depth = this.#waiting.length + this.#unacknowledged.size;
    return { depth, ageMs: oldest === null ? 0 : Math.max(0, this.#wallMs() - oldest), lost: this.#waiting.lost };
  }

  protocol(): "5" | "3.1.1" | null {
    if (this.#link === null) return null;
    return this.#link.version === 5 ? "5" : "3.1.1";
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

  #pump(): void {
    const link = this.#link;
    if (link === null) return;
    const window = Math.min(MAX_UNACKNOWLEDGED, link.receiveMaximum);
    while (this.#unacknowledged.size < window) {
      const parcel = this.#waiting.take();
      if (parcel === null) break;
      this.#unacknowledged.add(parcel);
      void this.#sendSurely(link, parcel);
    }
  }

  async #sendSurely(link: Link, parcel: Parcel): Promise<void> {
    try {
      await link.send(parcel.packet);
    } catch (error) {
      // A link that breaks puts everything back by linkDown; only the broker's own no is final.
      if (!refusal(error)) return;
      this.#waiting.count("refused");
    }
    // Already put back: the acknowledgement came after the link was given up, and a repetition follows.
    if (!this.#unacknowledged.delete(parcel)) return;
    parcel.settle();
    this.#pump();
    this.#tellWhenDrained();
  }

  #tellWhenDrained(): void {
    if (this.#waiting.length > 0 || this.#unacknowledged.size > 0) return;
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }
}

/** PUBACK with a reason of 128 and more (MQTT 5, 3.4.2.1): the broker has it and will not take it. */
function refusal(error: unknown): boolean {
  return error instanceof CodedError && error.code === "MQTT_PUBLISH_REFUSED";
}
