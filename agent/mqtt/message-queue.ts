import type { messageLosses } from "../contract/losses.js";
import type { Packet } from "./packet.js";

/** A packet that is to be sent, and whom to call when it has arrived or was given up. */
export interface QueuedPacket {
  readonly packet: Packet;
  readonly settle: () => void;
  /** Sent in its place where the broker will never take it. */
  readonly instead?: Packet;
}

export type LossReason = (typeof messageLosses)[number];

/**
 * The bounded memory of messages that wait for the broker, in their order. What it cannot keep it gives up by a stated rule, and counts;
 * it forgets all when the process ends. Alerts have the outbox, retained messages RetainedMessages.
 */
export class MessageQueue {
  readonly #capacity: number;
  readonly #lost: Partial<Record<LossReason, number>> = {};
  #packets: QueuedPacket[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#packets.length;
  }

  get lost(): Readonly<Record<string, number>> {
    return { ...this.#lost };
  }

  /** When full, the oldest goes. */
  add(packet: QueuedPacket): void {
    this.#packets.push(packet);
    this.#bound();
  }

  /** The next in order, removed; null when nothing waits. */
  take(): QueuedPacket | null {
    return this.#packets.shift() ?? null;
  }

  /** Puts back what was taken and did not arrive, in front and in its order. */
  putBack(packets: readonly QueuedPacket[]): void {
    this.#packets = [...packets, ...this.#packets];
    this.#bound();
  }

  /** Counts a message that was given up outside this queue. */
  count(reason: LossReason): void {
    this.#lost[reason] = (this.#lost[reason] ?? 0) + 1;
  }

  clear(reason: LossReason): void {
    while (this.#packets.length > 0) this.#giveUpOldest(reason);
  }

  #bound(): void {
    while (this.#packets.length > this.#capacity) this.#giveUpOldest("overflow");
  }

  #giveUpOldest(reason: LossReason): void {
    const oldest = this.#packets.shift();
    if (oldest === undefined) return;
    this.count(reason);
    oldest.settle();
  }
}
