import type { CodedError } from "../../errors.js";
import type { WaitingEvidence } from "../contract/alert-queue.js";
import { type Connection, hungUpOn, sendOver } from "./connection.js";
import { givenUp, nameOf, outboxFailed } from "./in-order.js";
import { keyOf, type Packet } from "./packet.js";

export interface EvidenceLaneDeps {
  /** The first picture that waits with a number between these, neither included; in flight from then on. */
  readonly find: (after: number, before: number) => Promise<WaitingEvidence | null>;
  /** The broker has every message below this number, whose pictures may follow. */
  readonly below: () => number;
  readonly delivered: (evidence: WaitingEvidence) => void;
  /** The broker will never take it. */
  readonly refused: (evidence: WaitingEvidence) => void;
  /** `T`. */
  readonly base: string;
  readonly onTrouble: (trouble: CodedError) => void;
  /** There may be more to do. */
  readonly onChange: () => void;
}

/** How far the pictures have been sent over one connection. */
interface Progress {
  readonly connection: Connection;
  /** The number of the last picture that was found. */
  cursor: number;
  /** Below this number there is no more picture behind the cursor. */
  soughtBelow: number;
  seeking: boolean;
  /** The picture that goes next, or is on its way. */
  found: WaitingEvidence | null;
  sending: boolean;
}

/** Brings the pictures of one stream of messages to the connection that is up, each behind its message, one at a time. */
export class EvidenceLane {
  readonly #deps: EvidenceLaneDeps;
  #progress: Progress | null = null;

  constructor(deps: EvidenceLaneDeps) {
    this.#deps = deps;
  }

  attach(connection: Connection): void {
    this.#progress = { connection, cursor: 0, soughtBelow: 0, seeking: false, found: null, sending: false };
  }

  /** @param convicted the packet that ended the connection, where that is known: given up if it is one of these */
  detach(convicted: Packet | null): void {
    const found = this.#progress?.found ?? null;
    this.#progress = null;
    if (found !== null && convicted !== null && nameOf(found) === keyOf(convicted)) {
      this.#giveUp(found, hungUpOn(convicted));
    }
  }

  /** A picture came whose message may have gone long before. @param number of the message */
  came(number: number): void {
    if (this.#progress === null) return;
    this.#progress.cursor = Math.min(this.#progress.cursor, number - 1);
    this.#progress.soughtBelow = 0;
  }

  /** A picture is sought before it takes a slot of the window: a broker may allow one only, and an alert must not wait for a search. */
  pump(): void {
    const progress = this.#progress;
    if (progress === null || progress.seeking || progress.sending) return;
    if (progress.found !== null) {
      if (progress.connection.window.take("evidence")) void this.#send(progress, progress.found);
      return;
    }
    const below = this.#deps.below();
    if (below > progress.soughtBelow) void this.#seek(progress, below);
  }

  /** Whether none is on its way, or sought. */
  get isIdle(): boolean {
    return this.#progress === null || (!this.#progress.seeking && this.#progress.found === null);
  }

  async #seek(progress: Progress, below: number): Promise<void> {
    progress.seeking = true;
    // One that comes meanwhile makes it 0 again.
    progress.soughtBelow = below;
    const after = progress.cursor;
    try {
      progress.found = await this.#deps.find(after, below);
    } catch (error) {
      this.#deps.onTrouble(outboxFailed(error));
    }
    progress.seeking = false;
    if (progress.found !== null) {
      progress.soughtBelow = 0;
      if (progress.cursor === after) progress.cursor = progress.found.seq;
    }
    if (this.#progress === progress) this.#deps.onChange();
  }

  async #send(progress: Progress, evidence: WaitingEvidence): Promise<void> {
    progress.sending = true;
    const topic = `${this.#deps.base}/${evidence.topic}`;
    const packet: Packet = { topic, key: nameOf(evidence), payload: evidence.jpeg, qos: 1, retain: false };
    const outcome = await sendOver(progress.connection, "evidence", packet);
    if (outcome.kind === "lost" || this.#progress !== progress) return;
    progress.found = null;
    progress.sending = false;
    if (outcome.kind === "taken") this.#deps.delivered(evidence);
    else this.#giveUp(evidence, outcome.error);
    progress.connection.window.giveBack("evidence");
  }

  #giveUp(evidence: WaitingEvidence, error: CodedError): void {
    this.#deps.refused(evidence);
    this.#deps.onTrouble(givenUp(evidence, error));
  }
}
