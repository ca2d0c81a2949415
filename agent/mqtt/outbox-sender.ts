import { CodedError, messageOf } from "../../errors.js";
import type { AlertQueue, WaitingAlert, WaitingEvidence } from "../contract/alert-queue.js";
import { topics } from "../contract/topics.js";
import { backoffMs } from "../kit/backoff.js";
import type { Client, Packet } from "./client.js";
import type { InflightWindow } from "./inflight-window.js";

/** Read from the outbox at a time: enough for the window, little enough that 100,000 waiting alerts take no memory. */
const PAGE = 128;
/** A connection that is lost so often while the same picture is on its way is lost because of it. */
const EVIDENCE_TRIES = 5;
const READ_AGAIN_MS = 1_000;

export interface OutboxSenderDeps {
  readonly outbox: AlertQueue;
  /** `T`. */
  readonly base: string;
  readonly onTrouble: (trouble: CodedError) => void;
  readonly random: () => number;
  /** Before what the broker refused is tried again. @param refusals in a row */
  readonly pauseMs?: (refusals: number) => number;
}

/** What one connection has been given. */
interface Session {
  readonly client: Client;
  readonly window: InflightWindow;
  /** Told of each slot given back. */
  readonly onFree: () => void;
  /** Alerts from this `seq` on were made while the connection was up; those before waited. */
  readonly liveFrom: number;
  read: WaitingAlert[];
  /** The last read. */
  cursor: number;
  /** In the order of `seq`. */
  readonly unacknowledged: Set<number>;
  reading: boolean;
  /** There may be more than was read. */
  more: boolean;
  /** The first that the broker refused: from there it begins again, later. */
  refused: number | null;
  refusals: number;
  evidenceCursor: number;
  evidenceBusy: boolean;
}

/**
 * Brings what waits in the outbox to the connection that is up: alerts in the order of `seq`, several unacknowledged at a time;
 * evidence behind its alert, one at a time. What a lost connection did not acknowledge goes out again over the next: at least once.
 */
export class OutboxSender {
  readonly #deps: OutboxSenderDeps;
  #session: Session | null = null;
  #timer: NodeJS.Timeout | null = null;
  #evidenceInFlight: WaitingEvidence | null = null;
  #evidenceTries = { seq: 0, times: 0 };
  readonly #onDrained: (() => void)[] = [];

  constructor(deps: OutboxSenderDeps) {
    this.#deps = deps;
    deps.outbox.added$.subscribe(() => {
      if (this.#session === null) return;
      this.#session.more = true;
      this.pump();
    });
  }

  attach(client: Client, window: InflightWindow, onFree: () => void): void {
    this.#session = {
      client,
      window,
      onFree,
      liveFrom: this.#deps.outbox.last() + 1,
      read: [],
      cursor: 0,
      unacknowledged: new Set(),
      reading: false,
      more: true,
      refused: null,
      refusals: 0,
      evidenceCursor: 0,
      evidenceBusy: false,
    };
    this.pump();
  }

  detach(): void {
    clearTimeout(this.#timer ?? undefined);
    this.#session = null;
    const evidence = this.#evidenceInFlight;
    this.#evidenceInFlight = null;
    if (evidence !== null) {
      const { seq, times } = this.#evidenceTries;
      this.#evidenceTries = { seq: evidence.seq, times: seq === evidence.seq ? times + 1 : 1 };
      if (this.#evidenceTries.times >= EVIDENCE_TRIES)
        this.#refuse(evidence, "the connection is lost whenever it is sent");
    }
    this.#deps.outbox.released();
  }

  /** Resolves when all that waited is acknowledged. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrained.push(resolve);
      this.#tellWhenDrained();
    });
  }

  pump(): void {
    const session = this.#session;
    if (session === null) return;
    while (session.refused === null && session.read.length > 0 && session.window.take("alerts")) {
      void this.#sendAlert(session, session.read.shift()!);
    }
    if (session.read.length === 0 && session.more && !session.reading && session.refused === null) {
      void this.#read(session);
    }
    if (!session.evidenceBusy && session.window.take("evidence")) void this.#sendEvidence(session);
    this.#tellWhenDrained();
  }

  async #read(session: Session): Promise<void> {
    session.reading = true;
    session.more = false;
    try {
      const alerts = await this.#deps.outbox.alerts(session.cursor, PAGE);
      session.read.push(...alerts);
      session.cursor = alerts.at(-1)?.seq ?? session.cursor;
      session.more ||= alerts.length > 0;
    } catch (error) {
      this.#deps.onTrouble(unreadable(error));
      this.#later(READ_AGAIN_MS, () => {
        session.more = true;
      });
    } finally {
      session.reading = false;
    }
    if (this.#session === session) this.pump();
  }

  async #sendAlert(session: Session, { payload, ...alert }: WaitingAlert): Promise<void> {
    const { seq } = alert;
    session.unacknowledged.add(seq);
    const body = JSON.stringify(seq < session.liveFrom ? { ...payload, replayed: true } : payload);
    const topic = `${this.#deps.base}/${topics.alert(payload.camera)}`;
    const error = await failureOf(session.client.send({ topic, payload: body, qos: 1, retain: false }));
    if (this.#session !== session) return;
    session.unacknowledged.delete(seq);
    session.window.giveBack("alerts");
    if (error === null) {
      session.refusals = 0;
      this.#deps.outbox.delivered({ ...alert, payload });
    } else if (isFinal(error)) this.#refuse({ ...alert, payload }, error.message);
    else if (isRefusal(error)) this.#holdBack(session, seq, error);
    // Otherwise the connection is lost: detach follows.
    session.onFree();
  }

  /** An access list or a quota is mended some day: until then this alert, and so all behind it, waits. */
  #holdBack(session: Session, seq: number, error: CodedError): void {
    session.refused = Math.min(seq, session.refused ?? seq);
    session.read = [];
    this.#deps.onTrouble(error);
    session.refusals += 1;
    const { random, pauseMs = (refusals) => 4 * backoffMs(refusals, random) } = this.#deps;
    this.#later(pauseMs(session.refusals), () => {
      session.cursor = session.refused! - 1;
      session.refused = null;
      session.more = true;
    });
  }

  async #sendEvidence(session: Session): Promise<void> {
    session.evidenceBusy = true;
    const before = this.#allDeliveredBelow(session);
    const sent = await this.#sendNextEvidence(session, before).catch((error: unknown) => {
      this.#deps.onTrouble(unreadable(error));
      return false;
    });
    if (this.#session !== session) return;
    session.evidenceBusy = false;
    session.window.giveBack("evidence");
    // Nothing was found, but more alerts have been delivered meanwhile.
    if (sent || this.#allDeliveredBelow(session) > before) session.onFree();
    else this.#tellWhenDrained();
  }

  #allDeliveredBelow(session: Session): number {
    const [unacknowledged] = session.unacknowledged;
    const unread = session.more || session.reading ? session.cursor + 1 : this.#deps.outbox.last() + 1;
    return unacknowledged ?? session.read[0]?.seq ?? session.refused ?? unread;
  }

  /** False when there is none whose alert the broker has. */
  async #sendNextEvidence(session: Session, before: number): Promise<boolean> {
    const evidence = await this.#deps.outbox.evidence(session.evidenceCursor, before);
    if (evidence === null || this.#session !== session) return false;
    session.evidenceCursor = evidence.seq;
    const { topic, jpeg } = evidence;
    const packet: Packet = { topic: `${this.#deps.base}/${topic}`, payload: jpeg, qos: 1, retain: false };
    if (jpeg.length + topic.length + 256 > session.client.maximumPacketBytes) {
      this.#refuse(evidence, "it is larger than the broker takes");
      return true;
    }
    this.#evidenceInFlight = evidence;
    const error = await failureOf(session.client.send(packet));
    if (this.#session !== session) return false;
    this.#evidenceInFlight = null;
    if (error === null) this.#deps.outbox.delivered(evidence);
    else if (isRefusal(error)) this.#refuse(evidence, error.message);
    return true;
  }

  #refuse(what: WaitingAlert | WaitingEvidence, reason: string): void {
    this.#deps.outbox.refused(what);
    const message = `the broker never takes the ${what.kind} of seq ${what.seq}: ${reason}`;
    this.#deps.onTrouble(new CodedError("MQTT_PUBLISH_REFUSED", message, { remedy: "See the broker's log." }));
  }

  #later(ms: number, change: () => void): void {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = setTimeout(() => {
      change();
      this.pump();
    }, ms);
  }

  #tellWhenDrained(): void {
    const session = this.#session;
    if (session === null || this.#onDrained.length === 0) return;
    const busy = session.reading || session.more || session.evidenceBusy || session.unacknowledged.size > 0;
    if (busy || session.read.length > 0) return;
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }
}

function failureOf(sending: Promise<void>): Promise<CodedError | null> {
  return sending.then(
    () => null,
    (error: unknown) => (error instanceof CodedError ? error : unreadable(error)),
  );
}

/** The broker has it and will not take it now, or ever. */
function isRefusal({ code }: CodedError): boolean {
  return code === "MQTT_PUBLISH_REFUSED" || code === "MQTT_PUBLISH_INVALID";
}

function isFinal({ code }: CodedError): boolean {
  return code === "MQTT_PUBLISH_INVALID";
}

function unreadable(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  return new CodedError("OUTBOX_FAILED", messageOf(error), { remedy: "Check the disk.", cause: error });
}
