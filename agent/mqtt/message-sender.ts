import type { CodedError } from "../../errors.js";
import { type Connection, hungUpOn, sendOver } from "./connection.js";
import { type LossReason, MessageQueue, type QueuedPacket } from "./message-queue.js";
import { keyOf, type Packet } from "./packet.js";
import { RetainedMessages } from "./retained-messages.js";

/** QoS 0 packets that may be on their way to the socket at once; more means that the broker reads too slowly. */
const MAX_UNWRITTEN = 1_000;

/**
 * Brings all that is no alert to the connection that is up: retained messages first, then QoS 1 in its order. What a lost connection left
 * unacknowledged goes out again over the next one: at least once. QoS 0 that is not retained is sent at once or not at all.
 */
export class MessageSender {
  readonly #onTrouble: (trouble: CodedError) => void;
  readonly #queue: MessageQueue;
  readonly #retained = new RetainedMessages();
  /** In the order of sending. */
  readonly #inFlight = new Set<QueuedPacket>();
  #connection: Connection | null = null;
  #unwritten = 0;
  #stopped = false;
  readonly #onDrained: (() => void)[] = [];

  /** @param onTrouble given why the broker does not take a message */
  constructor(capacity: number, onTrouble: (trouble: CodedError) => void) {
    this.#queue = new MessageQueue(capacity);
    this.#onTrouble = onTrouble;
  }

  /** @param online the agent's status, retained: it goes before anything else */
  attach(connection: Connection, online: Packet): void {
    this.#connection = connection;
    this.#unwritten = 0;
    const replaced = this.#retained.startOver({ packet: online, settle: () => undefined });
    if (replaced !== null) this.#queue.count("superseded");
    this.pump();
  }

  /** @param convicted the packet that ended the connection, where that is known: it is given up if it is one of these */
  detach(convicted: Packet | null): void {
    this.#connection = null;
    const back: QueuedPacket[] = [];
    for (const queued of this.#inFlight) {
      if (convicted !== null && keyOf(convicted) === keyOf(queued.packet))
        this.#giveUp(queued, hungUpOn(convicted), true);
      else if (!queued.packet.retain) back.push(queued);
      else if (!this.#retained.holds(queued)) this.#lose(queued, "superseded");
    }
    this.#inFlight.clear();
    this.#queue.putBack(back);
  }

  /** Resolves when the broker has it, or it was given up and counted. @param instead sent where the broker will never take it */
  deliver(packet: Packet, instead?: Packet): Promise<void> {
    if (packet.qos === 0 && !packet.retain) return this.#sendOnce(packet);
    if (this.#stopped) {
      this.#queue.count("stopped");
      return Promise.resolve();
    }
    return new Promise((settle) => {
      const queued = { packet, settle, ...(instead === undefined ? {} : { instead }) };
      if (!packet.retain) this.#queue.add(queued);
      else if (this.#retained.set(queued) !== null) this.#queue.count("superseded");
      this.pump();
    });
  }

  /** Resolves when nothing waits and everything is acknowledged. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrained.push(resolve);
      this.#notifyWhenDrained();
    });
  }

  /** Gives up what waits, and whatever comes: nothing more will be sent. */
  stop(): void {
    this.#stopped = true;
    this.#queue.clear("stopped");
    for (const _ of this.#retained.clear()) this.#queue.count("stopped");
  }

  /** Messages that wait or are unacknowledged. */
  get depth(): number {
    const sent = [...this.#inFlight].filter(({ packet }) => !packet.retain).length;
    return this.#queue.length + sent + this.#retained.waiting;
  }

  get lost(): Readonly<Record<string, number>> {
    return this.#queue.lost;
  }

  pump(): void {
    const connection = this.#connection;
    if (connection === null) return;
    while ((this.#retained.unsent || this.#queue.length > 0) && connection.window.take("others")) {
      const queued = this.#retained.take() ?? this.#queue.take();
      if (queued !== null) void this.#send(connection, queued);
    }
  }

  async #send(connection: Connection, queued: QueuedPacket): Promise<void> {
    this.#inFlight.add(queued);
    const outcome = await sendOver(connection, "others", asSent(connection, queued.packet));
    // A connection that ends brings back what it took by detach.
    if (outcome.kind === "lost" || this.#connection !== connection) return;
    this.#inFlight.delete(queued);
    if (outcome.kind === "taken") this.#settle(queued);
    else this.#giveUp(queued, outcome.error, outcome.kind === "never");
    connection.window.giveBack("others");
    this.#notifyWhenDrained();
  }

  /** QoS 0, unless the agent has to be careful: then a packet that finds no room is given up. */
  async #sendOnce(packet: Packet): Promise<void> {
    const connection = this.#connection;
    if (connection === null) {
      this.#queue.count("offline");
      return;
    }
    const careful = connection.hangUps.careful;
    if (careful ? !connection.window.take("others") : this.#unwritten >= MAX_UNWRITTEN) {
      this.#queue.count("congested");
      return;
    }
    this.#unwritten += 1;
    const outcome = await sendOver(connection, "others", careful ? { ...packet, qos: 1 } : packet);
    if (outcome.kind === "lost") this.#queue.count("offline");
    else if (outcome.kind !== "taken") {
      this.#queue.count("refused");
      this.#onTrouble(outcome.error);
    }
    if (this.#connection !== connection) return;
    this.#unwritten -= 1;
    if (careful) connection.window.giveBack("others");
  }

  #settle(queued: QueuedPacket): void {
    if (queued.packet.retain) this.#retained.settle(queued);
    else queued.settle();
  }

  #giveUp(queued: QueuedPacket, reason: CodedError, forGood: boolean): void {
    this.#lose(queued, "refused");
    this.#onTrouble(reason);
    if (forGood && queued.instead !== undefined) this.#queue.add({ packet: queued.instead, settle: () => undefined });
  }

  #lose(queued: QueuedPacket, reason: LossReason): void {
    this.#queue.count(reason);
    this.#settle(queued);
  }

  #notifyWhenDrained(): void {
    if (this.#retained.unsent || this.#queue.length > 0 || this.#inFlight.size > 0) return;
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }
}

/** With suspects, everything is to be acknowledged. */
function asSent({ hangUps }: Connection, packet: Packet): Packet {
  return hangUps.careful ? { ...packet, qos: 1 } : packet;
}
