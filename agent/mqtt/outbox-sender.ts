import type { CodedError } from "../../errors.js";
import type { AlertQueue, WaitingAlert, WaitingEvidence, WaitingVerdict } from "../contract/alert-queue.js";
import { topics } from "../contract/topics.js";
import { type Connection, hungUpOn, sendOver } from "./connection.js";
import { givenUp, InOrder, nameOf, outboxFailed, usualPauseMs } from "./in-order.js";
import { keyOf, type Packet } from "./packet.js";

export interface OutboxSenderDeps {
  readonly outbox: AlertQueue;
  /** `T`. */
  readonly base: string;
  readonly onTrouble: (trouble: CodedError) => void;
  readonly random: () => number;
  /** The pause before what the broker refused is tried again. @param refusals in a row */
  readonly pauseMs?: (refusals: number) => number;
}

/** How far the evidence has been sent over one connection. */
interface Progress {
  readonly connection: Connection;
  /** The `seq` of the last evidence that was found. */
  cursor: number;
  /** Below this `seq` there is no more evidence behind the cursor. */
  soughtBelow: number;
  seeking: boolean;
  /** Evidence that goes next, or is on its way. */
  found: WaitingEvidence | null;
  sending: boolean;
}

/**
 * Brings what waits in the outbox to the connection that is up: alerts and verdicts each in their order, alerts first; evidence behind its
 * alert, one at a time.
 */
export class OutboxSender {
  readonly #deps: OutboxSenderDeps;
  readonly #alerts: InOrder<WaitingAlert>;
  readonly #verdicts: InOrder<WaitingVerdict>;
  #progress: Progress | null = null;
  readonly #onDrained: (() => void)[] = [];

  constructor(deps: OutboxSenderDeps) {
    this.#deps = deps;
    const { outbox, base, onTrouble, pauseMs = usualPauseMs(deps.random) } = deps;
    const shared = { base, onTrouble, pauseMs, onChange: () => this.pump() };
    const answers = {
      delivered: (message: WaitingAlert | WaitingVerdict) => outbox.delivered(message),
      refused: (message: WaitingAlert | WaitingVerdict) => outbox.refused(message),
    };
    this.#alerts = new InOrder<WaitingAlert>({
      ...shared,
      stream: {
        ...answers,
        lane: "alerts",
        added$: outbox.added$,
        last: () => outbox.last(),
        read: (after, limit) => outbox.alerts(after, limit),
        topicOf: ({ payload }) => topics.alert(payload.camera),
        payloadOf: ({ payload }, waited) => (waited ? { ...payload, replayed: true } : payload),
      },
    });
    this.#verdicts = new InOrder<WaitingVerdict>({
      ...shared,
      stream: {
        ...answers,
        lane: "verdicts",
        added$: outbox.judged$,
        last: () => outbox.lastVerdict(),
        read: (after, limit) => outbox.verdicts(after, limit),
        topicOf: ({ payload }) => topics.verdict(payload.camera),
        // Its deadline was for a gate that has let the part pass by now.
        payloadOf: ({ payload }, waited) =>
          waited ? { ...payload, replayed: true, late: payload.late || payload.deadlineMs !== null } : payload,
      },
    });
  }

  attach(connection: Connection): void {
    this.#progress = { connection, cursor: 0, soughtBelow: 0, seeking: false, found: null, sending: false };
    this.#alerts.attach(connection);
    this.#verdicts.attach(connection);
    this.pump();
  }

  /**
   * @param convicted the packet that ended the connection, where that is known: given up if it is evidence, or an alert or a verdict that may be
   * @returns what became of an alert or a verdict; null where it is none
   */
  detach(convicted: Packet | null): "kept" | "given-up" | null {
    const found = this.#progress?.found ?? null;
    this.#progress = null;
    if (found !== null && convicted !== null && nameOf(found) === keyOf(convicted)) {
      this.#giveUp(found, hungUpOn(convicted));
    }
    const fates = [this.#alerts.detach(convicted), this.#verdicts.detach(convicted)];
    this.#deps.outbox.released();
    return fates.find((fate) => fate !== null) ?? null;
  }

  /** Resolves when all that waited is acknowledged. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrained.push(resolve);
      this.#notifyWhenDrained();
    });
  }

  pump(): void {
    const progress = this.#progress;
    if (progress === null) return;
    this.#alerts.pump();
    this.#verdicts.pump();
    this.#pumpEvidence(progress);
    this.#notifyWhenDrained();
  }

  /** Evidence is sought before it takes a slot of the window: a broker may allow one only, and an alert must not wait for a search. */
  #pumpEvidence(progress: Progress): void {
    if (progress.seeking || progress.sending) return;
    if (progress.found !== null) {
      if (progress.connection.window.take("evidence")) void this.#sendEvidence(progress, progress.found);
      return;
    }
    const below = this.#alerts.deliveredBelow;
    if (below > progress.soughtBelow) void this.#seekEvidence(progress, below);
  }

  async #seekEvidence(progress: Progress, below: number): Promise<void> {
    progress.seeking = true;
    try {
      progress.found = await this.#deps.outbox.evidence(progress.cursor, below);
    } catch (error) {
      this.#deps.onTrouble(outboxFailed(error));
    }
    progress.seeking = false;
    if (progress.found === null) progress.soughtBelow = below;
    else progress.cursor = progress.found.seq;
    if (this.#progress === progress) this.pump();
  }

  async #sendEvidence(progress: Progress, evidence: WaitingEvidence): Promise<void> {
    progress.sending = true;
    const topic = `${this.#deps.base}/${evidence.topic}`;
    const packet: Packet = { topic, key: nameOf(evidence), payload: evidence.jpeg, qos: 1, retain: false };
    const outcome = await sendOver(progress.connection, "evidence", packet);
    if (outcome.kind === "lost" || this.#progress !== progress) return;
    progress.found = null;
    progress.sending = false;
    if (outcome.kind === "taken") this.#deps.outbox.delivered(evidence);
    else this.#giveUp(evidence, outcome.error);
    progress.connection.window.giveBack("evidence");
  }

  #giveUp(evidence: WaitingEvidence, error: CodedError): void {
    this.#deps.outbox.refused(evidence);
    this.#deps.onTrouble(givenUp(evidence, error));
  }

  #notifyWhenDrained(): void {
    const progress = this.#progress;
    if (progress === null || this.#onDrained.length === 0) return;
    if (!this.#alerts.isDrained || !this.#verdicts.isDrained || progress.seeking || progress.found !== null) return;
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }
}
