import type { WaitingMessage } from "../contract/alert-queue.js";
import { type Filed, filed } from "./records.js";

type Name = Pick<Filed, "kind" | "seq">;

const nameOf = ({ kind, seq }: Name): string => `${kind} ${seq}`;

/**
 * The messages that were handed to the sender: on their way to the broker, or arrived and not yet removed. None of them may be
 * given up, as it would be counted as lost and arrive; none that is being removed may be sent, as it would be removed twice.
 */
export class InFlight {
  /** By their names, as the other sets. */
  readonly #sent = new Set<string>();
  readonly #arrived = new Map<string, Filed>();
  /** The messages that are being given up. */
  readonly #leaving = new Set<string>();
  /** The messages that went since a reading began, which may have found them before. */
  readonly #gone = new Set<string>();
  #readings = 0;

  /** Looks for messages to send: `send` is called in here. */
  async reading<T>(read: () => Promise<T>): Promise<T> {
    this.#readings += 1;
    try {
      return await read();
    } finally {
      this.#readings -= 1;
      if (this.#readings === 0) this.#gone.clear();
    }
  }

  /** False where the message must not be sent: it arrived, went, or is being given up. */
  send(message: Name): boolean {
    const name = nameOf(message);
    if (this.#arrived.has(name) || this.#leaving.has(name) || this.#gone.has(name)) return false;
    this.#sent.add(name);
    return true;
  }

  /** False where the message is not on its way, or no longer. */
  arrive(message: WaitingMessage): boolean {
    const name = nameOf(message);
    if (!this.#sent.delete(name)) return false;
    this.#arrived.set(name, filed(message));
    return true;
  }

  /** The connection is gone, and with it the word about what was on its way. */
  release(): void {
    this.#sent.clear();
  }

  /** The messages that arrived, and whose records are to be removed. */
  get arrived(): readonly Filed[] {
    return [...this.#arrived.values()];
  }

  /** The records of these are removed. */
  forget(removed: readonly Filed[]): void {
    for (const message of removed) this.#arrived.delete(nameOf(message));
    this.#goes(removed);
  }

  /** Whether the message is on its way, or arrived. */
  has(message: Name): boolean {
    const name = nameOf(message);
    return this.#sent.has(name) || this.#arrived.has(name);
  }

  /** Gives messages up but for those that were sent meanwhile. @param remove removes the records of the others */
  async giveUp(messages: readonly Filed[], remove: (messages: readonly Filed[]) => Promise<void>): Promise<void> {
    const free = messages.filter((message) => !this.has(message));
    for (const message of free) this.#leaving.add(nameOf(message));
    try {
      await remove(free);
      this.#goes(free);
    } finally {
      this.#leaving.clear();
    }
  }

  get isEmpty(): boolean {
    return this.#sent.size + this.#arrived.size === 0;
  }

  #goes(messages: readonly Filed[]): void {
    if (this.#readings === 0) return;
    for (const message of messages) this.#gone.add(nameOf(message));
  }
}
