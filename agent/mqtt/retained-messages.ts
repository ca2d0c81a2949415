import type { QueuedPacket } from "./message-queue.js";

/**
 * The newest message of each retained topic: what the broker is to hold. The agent resumes no session, and a broker that was started
 * again may have kept nothing: so every connection begins with all of them. Bounded by the number of topics.
 */
export class RetainedMessages {
  readonly #newest = new Map<string, QueuedPacket>();
  /** Those that the present connection was not given yet, in their order. */
  #unsent = new Map<string, QueuedPacket>();
  /** Those whose publishers wait to hear what came of them. */
  readonly #unsettled = new Set<QueuedPacket>();

  get waiting(): number {
    return this.#unsettled.size;
  }

  get unsent(): boolean {
    return this.#unsent.size > 0;
  }

  /** @returns the message that it replaces, where that one was never sent; its publisher has been called */
  set(queued: QueuedPacket): QueuedPacket | null {
    const { topic } = queued.packet;
    const before = this.#unsent.get(topic) ?? null;
    this.#newest.set(topic, queued);
    this.#unsent.delete(topic);
    this.#unsent.set(topic, queued);
    this.#unsettled.add(queued);
    if (before === null || !this.#unsettled.has(before)) return null;
    this.settle(before);
    return before;
  }

  /**
   * For a new connection: all of them are to be sent again, this one first.
   * @returns the message that it replaces, where that one never arrived; its publisher has been called
   */
  startOver(first: QueuedPacket): QueuedPacket | null {
    const { topic } = first.packet;
    const before = this.#newest.get(topic) ?? null;
    this.#newest.set(topic, first);
    this.#unsent = new Map([[topic, first], ...[...this.#newest].filter(([other]) => other !== topic)]);
    if (before === null || !this.#unsettled.has(before)) return null;
    this.settle(before);
    return before;
  }

  /** The next that is to be sent; null when this connection has been given all. */
  take(): QueuedPacket | null {
    const [next] = this.#unsent.values();
    if (next === undefined) return null;
    this.#unsent.delete(next.packet.topic);
    return next;
  }

  /** Whether it is still the newest of its topic, and so will be sent again. */
  holds(queued: QueuedPacket): boolean {
    return this.#newest.get(queued.packet.topic) === queued;
  }

  /** What came of it is known: its publisher is called. */
  settle(queued: QueuedPacket): void {
    this.#unsettled.delete(queued);
    queued.settle();
  }

  /** Nothing is sent any more. @returns those that never arrived; their publishers have been called */
  clear(): readonly QueuedPacket[] {
    this.#unsent.clear();
    const never = [...this.#unsettled];
    for (const queued of never) this.settle(queued);
    return never;
  }
}
