import type { messageLosses } from "../contract/losses.js";
import type { Packet } from "./client.js";

/** A packet on its way, and whom to tell when it has arrived or was given up. */
export interface Parcel {
  readonly packet: Packet;
  readonly settle: () => void;
}

export type LossReason = (typeof messageLosses)[number];

/**
 * The bounded memory of messages that wait for the broker, in their order: states, replies, health. What it cannot keep it
 * gives up by a stated rule, and counts; it forgets all when the process ends. Alerts have the outbox.
 */
export class MessageQueue {
  readonly #capacity: number;
  readonly #lost: Partial<Record<LossReason, number>> = {};
  #parcels: Parcel[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#parcels.length;
  }

  get lost(): Readonly<Record<string, number>> {
    return { ...this.#lost };
  }

  /** Of a retained topic only the newest is worth keeping; when full, the oldest goes. */
  add(parcel: Parcel): void {
    if (parcel.packet.retain) {
      const older = this.#parcels.findIndex(({ packet }) => packet.retain && packet.topic === parcel.packet.topic);
      if (older >= 0) this.#giveUp(older, "superseded");
    }
    this.#parcels.push(parcel);
    if (this.#parcels.length <= this.#capacity) return;
    this.#giveUp(0, "overflow");
  }

  /** The next in order, removed; null when nothing waits. */
  take(): Parcel | null {
    return this.#parcels.shift() ?? null;
  }

  /** Puts back what was taken and did not arrive, in front and in its order. */
  putBack(parcels: readonly Parcel[]): void {
    this.#parcels = [...parcels, ...this.#parcels];
    while (this.#parcels.length > this.#capacity) this.#giveUp(0, "overflow");
  }

  /** Counts a message that was given up outside this queue. */
  count(reason: LossReason, messages = 1): void {
    this.#lost[reason] = (this.#lost[reason] ?? 0) + messages;
  }

  clear(reason: LossReason): void {
    while (this.#parcels.length > 0) this.#giveUp(0, reason);
  }

  #giveUp(index: number, reason: LossReason): void {
    const [parcel] = this.#parcels.splice(index, 1);
    this.count(reason);
    parcel?.settle();
  }
}
