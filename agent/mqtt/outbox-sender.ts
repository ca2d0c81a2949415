import type { CodedError } from "../../errors.js";
import type { AlertQueue, WaitingAlert, WaitingMessage, WaitingVerdict } from "../contract/alert-queue.js";
import { topics } from "../contract/topics.js";
import type { Connection } from "./connection.js";
import { EvidenceLane } from "./evidence-lane.js";
import { InOrder, usualPauseMs } from "./in-order.js";
import type { Packet } from "./packet.js";

export interface OutboxSenderDeps {
  readonly outbox: AlertQueue;
  /** `T`. */
  readonly base: string;
  readonly onTrouble: (trouble: CodedError) => void;
  readonly random: () => number;
  /** The pause before what the broker refused is tried again. @param refusals in a row */
  readonly pauseMs?: (refusals: number) => number;
}

/**
 * Brings what waits in the outbox to the connection that is up: alerts and verdicts each in their order, alerts first; pictures behind
 * their alerts and verdicts, one at a time, those of alerts first.
 */
export class OutboxSender {
  readonly #deps: OutboxSenderDeps;
  readonly #alerts: InOrder<WaitingAlert>;
  readonly #verdicts: InOrder<WaitingVerdict>;
  readonly #evidence: EvidenceLane;
  readonly #pictures: EvidenceLane;
  #isUp = false;
  readonly #onDrained: (() => void)[] = [];

  constructor(deps: OutboxSenderDeps) {
    this.#deps = deps;
    const { outbox, base, onTrouble, pauseMs = usualPauseMs(deps.random) } = deps;
    const shared = { base, onTrouble, pauseMs, onChange: () => this.pump() };
    const answers = {
      delivered: (message: WaitingMessage) => outbox.delivered(message),
      refused: (message: WaitingMessage) => outbox.refused(message),
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
    this.#evidence = new EvidenceLane({
      ...shared,
      ...answers,
      find: (after, before) => outbox.evidence(after, before),
      below: () => this.#alerts.deliveredBelow,
    });
    this.#pictures = new EvidenceLane({
      ...shared,
      ...answers,
      find: (after, before) => outbox.pictures(after, before),
      below: () => this.#verdicts.deliveredBelow,
    });
    outbox.pictured$.subscribe((place) => {
      this.#pictures.came(place);
      this.pump();
    });
  }

  attach(connection: Connection): void {
    this.#isUp = true;
    for (const stream of [this.#alerts, this.#verdicts, this.#evidence, this.#pictures]) stream.attach(connection);
    this.pump();
  }

  /**
   * @param convicted the packet that ended the connection, where that is known: given up if it is evidence, or an alert or a verdict that may be
   * @returns what became of an alert or a verdict; null where it is none
   */
  detach(convicted: Packet | null): "kept" | "given-up" | null {
    this.#isUp = false;
    this.#evidence.detach(convicted);
    this.#pictures.detach(convicted);
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
    if (!this.#isUp) return;
    for (const stream of [this.#alerts, this.#verdicts, this.#evidence, this.#pictures]) stream.pump();
    this.#notifyWhenDrained();
  }

  #notifyWhenDrained(): void {
    if (!this.#isUp || this.#onDrained.length === 0) return;
    if (!this.#alerts.isDrained || !this.#verdicts.isDrained) return;
    if (!this.#evidence.isIdle || !this.#pictures.isIdle) return;
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }
}
