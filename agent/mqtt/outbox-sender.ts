import type { Subscription } from "rxjs";
import { CodedError, messageOf } from "../../errors.js";
import type { AlertQueue, WaitingAlert, WaitingEvidence } from "../contract/alert-queue.js";
import { topics } from "../contract/topics.js";
import { backoffMs } from "../kit/backoff.js";
import { type Connection, hungUpOn, sendOver } from "./connection.js";
import { keyOf, type Packet } from "./packet.js";

/** Alerts read from the outbox at a time: enough for the window, little enough that 100,000 waiting ones take no memory. */
const PAGE = 128;
const READ_AGAIN_MS = 1_000;

export interface OutboxSenderDeps {
  readonly outbox: AlertQueue;
  /** `T`. */
  readonly base: string;
  readonly onTrouble: (trouble: CodedError) => void;
  readonly random: () => number;
  /** The pause before what the broker refused is tried again. @param refusals in a row */
  readonly pauseMs?: (refusals: number) => number;
}

/** How far the outbox has been sent over one connection. */
interface Progress {
  readonly connection: Connection;
  /** Alerts from this `seq` on were made while the connection was up; those before waited. */
  readonly liveFrom: number;
  read: WaitingAlert[];
  /** The `seq` of the last alert that was read. */
  cursor: number;
  /** In the order of `seq`. */
  readonly unacknowledged: Map<number, WaitingAlert>;
  reading: boolean;
  /** There may be more than was read. */
  more: boolean;
  /** The first that the broker refused: from there it begins again, later. */
  refused: number | null;
  refusals: number;
  /** The `seq` of the last evidence that was found. */
  evidenceCursor: number;
  /** Below this `seq` there is no more evidence behind the cursor. */
  evidenceSoughtBelow: number;
  seeking: boolean;
  /** Evidence that goes next, or is on its way. */
  found: WaitingEvidence | null;
  sending: boolean;
  /** To the outbox, for alerts that are added meanwhile. */
  readonly added: Subscription;
}

/**
 * Brings what waits in the outbox to the connection that is up: alerts in the order of `seq`, several unacknowledged at a time; evidence
 * behind its alert, one at a time. What a lost connection did not acknowledge goes out again over the next: at least once.
 */
export class OutboxSender {
  readonly #deps: OutboxSenderDeps;
  #progress: Progress | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** At most one alert is given up between two that arrive: were it the topic and not the alert, all would be lost one by one. */
  #mayGiveUp = true;
  readonly #onDrained: (() => void)[] = [];

  constructor(deps: OutboxSenderDeps) {
    this.#deps = deps;
  }

  attach(connection: Connection): void {
    const progress: Progress = {
      connection,
      liveFrom: this.#deps.outbox.last() + 1,
      read: [],
      cursor: 0,
      unacknowledged: new Map(),
      reading: false,
      more: true,
      refused: null,
      refusals: 0,
      evidenceCursor: 0,
      evidenceSoughtBelow: 0,
      seeking: false,
      found: null,
      sending: false,
      added: this.#deps.outbox.added$.subscribe(() => {
        progress.more = true;
        this.pump();
      }),
    };
    this.#progress = progress;
    this.pump();
  }

  /**
   * @param convicted the packet that ended the connection, where that is known: given up if it is evidence, or an alert that may be
   * @returns what became of an alert; null where it is none
   */
  detach(convicted: Packet | null): "kept" | "given-up" | null {
    clearTimeout(this.#timer ?? undefined);
    const progress = this.#progress;
    this.#progress = null;
    progress?.added.unsubscribe();
    const verdict = progress === null || convicted === null ? null : this.#judge(progress, convicted);
    this.#deps.outbox.released();
    return verdict;
  }

  #judge({ unacknowledged, found }: Progress, convicted: Packet): "kept" | "given-up" | null {
    const key = keyOf(convicted);
    if (found !== null && evidenceKey(found.seq) === key) this.#giveUp(found, hungUpOn(convicted));
    const alert = [...unacknowledged.values()].find(({ seq }) => alertKey(seq) === key);
    if (alert === undefined) return null;
    if (!this.#mayGiveUp) return "kept";
    this.#mayGiveUp = false;
    this.#giveUp(alert, hungUpOn(convicted));
    return "given-up";
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
    while (mayPass(progress) && progress.connection.window.take("alerts")) {
      void this.#sendAlert(progress, progress.read.shift()!);
    }
    if (progress.read.length === 0 && progress.more && !progress.reading && progress.refused === null) {
      void this.#read(progress);
    }
    this.#pumpEvidence(progress);
    this.#notifyWhenDrained();
  }

  async #read(progress: Progress): Promise<void> {
    progress.reading = true;
    progress.more = false;
    try {
      const alerts = await this.#deps.outbox.alerts(progress.cursor, PAGE);
      progress.read.push(...alerts);
      progress.cursor = alerts.at(-1)?.seq ?? progress.cursor;
      progress.more ||= alerts.length > 0;
    } catch (error) {
      this.#deps.onTrouble(unreadable(error));
      this.#later(READ_AGAIN_MS, () => {
        progress.more = true;
      });
    } finally {
      progress.reading = false;
    }
    if (this.#progress === progress) this.pump();
  }

  async #sendAlert(progress: Progress, alert: WaitingAlert): Promise<void> {
    const { seq, payload } = alert;
    progress.unacknowledged.set(seq, alert);
    const body = JSON.stringify(seq < progress.liveFrom ? { ...payload, replayed: true } : payload);
    const topic = `${this.#deps.base}/${topics.alert(payload.camera)}`;
    const packet: Packet = { topic, key: alertKey(seq), payload: body, qos: 1, retain: false };
    const outcome = await sendOver(progress.connection, "alerts", packet);
    if (outcome.kind === "lost" || this.#progress !== progress) return;
    progress.unacknowledged.delete(seq);
    if (outcome.kind === "taken") {
      progress.refusals = 0;
      this.#mayGiveUp = true;
      this.#deps.outbox.delivered(alert);
    } else if (outcome.kind === "never") this.#giveUp(alert, outcome.error);
    else this.#holdBack(progress, seq, outcome.error);
    progress.connection.window.giveBack("alerts");
  }

  /** An access list or a quota is mended some day: until then this alert, and so all behind it, waits. */
  #holdBack(progress: Progress, seq: number, error: CodedError): void {
    progress.refused = Math.min(seq, progress.refused ?? seq);
    progress.read = [];
    this.#deps.onTrouble(error);
    progress.refusals += 1;
    const { random, pauseMs = (refusals) => 4 * backoffMs(refusals, random) } = this.#deps;
    this.#later(pauseMs(progress.refusals), () => {
      progress.cursor = progress.refused! - 1;
      progress.refused = null;
      progress.more = true;
    });
  }

  /** Evidence is sought before it takes a slot of the window: a broker may allow one only, and an alert must not wait for a search. */
  #pumpEvidence(progress: Progress): void {
    if (progress.seeking || progress.sending) return;
    if (progress.found !== null) {
      if (progress.connection.window.take("evidence")) void this.#sendEvidence(progress, progress.found);
      return;
    }
    const below = allDeliveredBelow(progress, this.#deps.outbox.last());
    if (below > progress.evidenceSoughtBelow) void this.#seekEvidence(progress, below);
  }

  async #seekEvidence(progress: Progress, below: number): Promise<void> {
    progress.seeking = true;
    try {
      progress.found = await this.#deps.outbox.evidence(progress.evidenceCursor, below);
    } catch (error) {
      this.#deps.onTrouble(unreadable(error));
    }
    progress.seeking = false;
    if (progress.found === null) progress.evidenceSoughtBelow = below;
    else progress.evidenceCursor = progress.found.seq;
    if (this.#progress === progress) this.pump();
  }

  async #sendEvidence(progress: Progress, evidence: WaitingEvidence): Promise<void> {
    progress.sending = true;
    const topic = `${this.#deps.base}/${evidence.topic}`;
    const packet: Packet = {
      topic,
      key: evidenceKey(evidence.seq),
      payload: evidence.jpeg,
      qos: 1,
      retain: false,
    };
    const outcome = await sendOver(progress.connection, "evidence", packet);
    if (outcome.kind === "lost" || this.#progress !== progress) return;
    progress.found = null;
    progress.sending = false;
    if (outcome.kind === "taken") this.#deps.outbox.delivered(evidence);
    else this.#giveUp(evidence, outcome.error);
    progress.connection.window.giveBack("evidence");
  }

  #giveUp(what: WaitingAlert | WaitingEvidence, { code, message, at }: CodedError): void {
    this.#deps.outbox.refused(what);
    const text = `the ${what.kind} of seq ${what.seq} is given up: ${message}`;
    this.#deps.onTrouble(new CodedError(code, text, at === undefined ? {} : { at }));
  }

  #later(ms: number, change: () => void): void {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = setTimeout(() => {
      change();
      this.pump();
    }, ms);
  }

  #notifyWhenDrained(): void {
    const progress = this.#progress;
    if (progress === null || this.#onDrained.length === 0) return;
    const { reading, more, read, seeking, found, unacknowledged } = progress;
    if (reading || more || read.length > 0 || seeking || found !== null || unacknowledged.size > 0) return;
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }
}

/** Whether an alert may be sent. After a refusal one goes ahead alone: were those behind it taken, they would overtake it. */
function mayPass({ read, refused, refusals, unacknowledged }: Progress): boolean {
  return read.length > 0 && refused === null && (refusals === 0 || unacknowledged.size === 0);
}

/** The broker has every alert whose `seq` is below it. @param last the last `seq` in the outbox */
function allDeliveredBelow({ unacknowledged, read, refused, more, reading, cursor }: Progress, last: number): number {
  const unread = more || reading ? cursor + 1 : last + 1;
  return Math.min(unread, read[0]?.seq ?? unread, refused ?? unread, ...unacknowledged.keys());
}

const alertKey = (seq: number): string => `alert ${seq}`;
const evidenceKey = (seq: number): string => `evidence ${seq}`;

function unreadable(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  return new CodedError("OUTBOX_FAILED", messageOf(error), { cause: error });
}
