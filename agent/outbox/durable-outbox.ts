import { Subject } from "rxjs";
import { CodedError, messageOf } from "../../errors.js";
import type { WaitingAlert, WaitingEvidence, WaitingMessage, WaitingVerdict } from "../contract/alert-queue.js";
import { type VerdictPayload, verdictPayload } from "../contract/part-payloads.js";
import type { AlertPayload, OutboxHealth } from "../contract/payloads.js";
import { topics } from "../contract/topics.js";
import { Serial } from "../kit/serial.js";
import type { AlertStep, PartVerdict } from "../types.js";
import type { Account } from "./account.js";
import { lossOf } from "./change.js";
import type { InFlight } from "./in-flight.js";
import { Keeper } from "./keeper.js";
import type { Losses } from "./losses.js";
import type { AlertDetails, Announced, Evidence, KeptVerdict, Outbox } from "./outbox.js";
import { Pending } from "./pending.js";
import { PendingPictures } from "./pending-pictures.js";
import { PendingVerdicts } from "./pending-verdicts.js";
import { evidenceRecord, filed, numbered, numberedVerdict, type Times } from "./records.js";
import { type Announcements, type Owed, standingAfter } from "./recovery.js";
import type { Sequence } from "./sequence.js";
import type { VerdictSequences } from "./verdict-numbers.js";
import { Waiting } from "./waiting.js";

export interface DurableOutboxDeps {
  readonly account: Account;
  readonly sequence: Sequence;
  readonly verdictNumbers: VerdictSequences;
  readonly losses: Losses;
  readonly inFlight: InFlight;
  readonly announcements: Announcements;
  /** The steps that the run before this one did not add. */
  readonly owed: readonly Owed[];
  /** `T`. */
  readonly base: string;
  readonly wallMs: () => number;
  readonly ageMs: (stampMs: number) => number;
  readonly onTrouble: (trouble: CodedError) => void;
  /** Between looks at a disk that was full. */
  readonly tickMs: number;
}

/** One batch holds at most so much. */
const BATCH_ALERTS = 512;
const BATCH_VERDICTS = 1_024;
const BATCH_EVIDENCE_BYTES = 8_388_608;
/** The records of messages that arrived within so long are removed together. */
const REMOVE_AFTER_MS = 20;

/** The outbox on a store. All that is added during one sync goes into the next: a storm costs few syncs, a lone alert waits for one. */
export class DurableOutbox implements Outbox {
  readonly added$ = new Subject<AlertPayload>();
  readonly judged$ = new Subject<VerdictPayload>();
  readonly pictured$ = new Subject<number>();
  readonly #deps: DurableOutboxDeps;
  readonly #pending: Pending;
  readonly #pendingVerdicts: PendingVerdicts;
  readonly #pendingPictures: PendingPictures;
  readonly #waiting: Waiting;
  readonly #keeper: Keeper;
  readonly #serial = new Serial((error) => this.#report(error));
  #ticking: NodeJS.Timeout | undefined;
  #removing: NodeJS.Timeout | undefined;
  #closing: Promise<void> | null = null;

  constructor(deps: DurableOutboxDeps) {
    this.#deps = deps;
    const pending = new Pending(deps.losses);
    const pendingVerdicts = new PendingVerdicts(deps.losses);
    this.#pending = pending;
    this.#pendingVerdicts = pendingVerdicts;
    this.#pendingPictures = new PendingPictures(deps.losses);
    const parts = { ...deps, pending, pendingVerdicts, serial: this.#serial };
    const onError = (error: unknown) => this.#report(error);
    this.#waiting = new Waiting({ ...parts, onError });
    this.#keeper = new Keeper({ ...parts, onError, isClosing: () => this.#closing !== null });
  }

  /** Begins to look after its disk. To be called once. */
  start(): void {
    this.#ticking = setInterval(() => this.#serial.soon(this.#tick), this.#deps.tickMs).unref();
  }

  last(): number {
    return this.#deps.sequence.sendable;
  }

  lastVerdict(): number {
    return this.#deps.verdictNumbers.sendable;
  }

  lastNumber(camera: string): number {
    return this.#deps.verdictNumbers.last[camera] ?? 0;
  }

  add(step: AlertStep, details: AlertDetails): Promise<void> {
    return this.#add(step, details, this.#now());
  }

  addVerdict(part: PartVerdict, isPictured = false): Promise<KeptVerdict | null> {
    if (this.#closing !== null) {
      this.#deps.losses.count("verdict-stopped");
      return Promise.resolve(null);
    }
    return new Promise((settle) => {
      this.#pendingVerdicts.add({ part, isPictured, times: this.#now(), settle });
      this.#serial.soon(this.#turn);
    });
  }

  addPicture({ payload: { camera, seq }, place }: KeptVerdict, { jpeg }: Evidence): Promise<void> {
    if (this.#closing !== null) {
      this.#deps.losses.count("evidence-memory");
      return Promise.resolve();
    }
    return new Promise((settle) => {
      const record = evidenceRecord(topics.partEvidence(camera, seq), jpeg, this.#now());
      this.#pendingPictures.add({ seq: place, record, settle });
      this.#serial.soon(this.#turn);
    });
  }

  announce(step: AlertStep): Announced | null {
    if (this.#closing !== null) return null;
    this.#serial.soon(this.#turn);
    return this.#deps.announcements.add(step, this.#now());
  }

  async recover(): Promise<number> {
    const { owed } = this.#deps;
    await Promise.all(owed.map(({ step, times, ...rest }) => this.#add(step, { ...rest, evidence: null }, times)));
    return owed.length;
  }

  #now(): Times {
    return { atMs: this.#deps.account.clockMs, wallMs: this.#deps.wallMs() };
  }

  #add(step: AlertStep, details: AlertDetails, times: Times): Promise<void> {
    if (this.#closing !== null) {
      // An alert that was announced is added by the next run.
      if (!details.announced) this.#deps.losses.count("alert-stopped");
      return Promise.resolve();
    }
    return new Promise((settle) => {
      for (const dropped of this.#pending.add({ step, details, times, settle })) this.#endAnnouncement(dropped.details);
      this.#serial.soon(this.#turn);
    });
  }

  #endAnnouncement({ announced }: AlertDetails): void {
    if (announced) this.#deps.announcements.end(announced);
  }

  alerts(after: number, limit: number): Promise<readonly WaitingAlert[]> {
    return this.#waiting.alerts(after, limit);
  }

  verdicts(after: number, limit: number): Promise<readonly WaitingVerdict[]> {
    return this.#waiting.verdicts(after, limit);
  }

  evidence(after: number, before: number): Promise<WaitingEvidence | null> {
    return this.#waiting.evidence(after, before);
  }

  pictures(after: number, before: number): Promise<WaitingEvidence | null> {
    return this.#waiting.pictures(after, before);
  }

  delivered(message: WaitingMessage): void {
    this.#arrive(message);
  }

  refused(message: WaitingMessage): void {
    if (!this.#arrive(message)) return;
    this.#deps.losses.add([lossOf(filed(message), "refused")]);
  }

  #arrive(message: WaitingMessage): boolean {
    if (!this.#deps.inFlight.arrive(message)) return false;
    this.#removing ??= setTimeout(() => this.#serial.soon(this.#turn), REMOVE_AFTER_MS);
    return true;
  }

  released(): void {
    this.#deps.inFlight.release();
  }

  health(): OutboxHealth {
    const { account, losses, ageMs } = this.#deps;
    const { full, damage } = account.health();
    const oldest = account.oldest ?? this.#pending.oldest;
    return {
      depth: account.count("alert") + this.#pending.count,
      ageMs: oldest === null ? 0 : ageMs(oldest.wallMs),
      bytes: account.bytes,
      evidence: account.count("evidence"),
      verdicts: account.count("verdict") + this.#pendingVerdicts.count,
      undurable: this.#pending.undurable.length + this.#pendingVerdicts.undurable.length,
      full,
      lost: losses.counts(),
      gaps: losses.gaps(),
      damage: damage.map(({ kind, count }) => ({ kind, count })),
    };
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      clearInterval(this.#ticking);
      await this.#serial.run(async () => {
        do await this.#takeTurn();
        while (this.#hasUnnumbered);
      });
      clearTimeout(this.#removing);
      await this.#deps.account.close();
      this.added$.complete();
      this.judged$.complete();
      this.pictured$.complete();
    })();
    return this.#closing;
  }

  readonly #turn = async (): Promise<void> => {
    await this.#takeTurn();
    if (this.#hasUnnumbered) this.#serial.soon(this.#turn);
  };

  get #hasUnnumbered(): boolean {
    return this.#pending.hasUnnumbered || this.#pendingVerdicts.hasUnnumbered || this.#pendingPictures.count > 0;
  }

  /** Writes one batch: alerts that are new, those that the disk would not take before, and the removal of what arrived. */
  async #takeTurn(): Promise<void> {
    clearTimeout(this.#removing);
    this.#removing = undefined;
    const { base, sequence, verdictNumbers, inFlight } = this.#deps;
    const pending = this.#pending.take(BATCH_ALERTS, BATCH_EVIDENCE_BYTES);
    const parts = this.#pendingVerdicts.take(BATCH_VERDICTS);
    const pictures = this.#pendingPictures.take();
    const { arrived } = inFlight;
    inFlight.forget([...this.#pending.forget(arrived), ...this.#pendingVerdicts.forget(arrived)]);
    const known = { seq: sequence.last, place: verdictNumbers.place };
    const messages = pending.map(({ step, details, times }) => {
      const notes = standingAfter(step, times);
      return numbered(step, details.evidence, { seq: sequence.next(), times, notes, base });
    });
    const verdicts = parts.map(({ part, isPictured, times }) => {
      const { place, number } = verdictNumbers.next(part.camera);
      const evidence = isPictured ? { topic: `${base}/${topics.partEvidence(part.camera, number)}` } : null;
      return numberedVerdict(verdictPayload(part, number, evidence), place, times);
    });
    for (const { details } of pending) this.#endAnnouncement(details);
    const undurable = { messages: this.#pending.undurable, verdicts: this.#pendingVerdicts.undurable };
    const kept = await this.#keeper.keep(
      { messages: [...undurable.messages, ...messages], verdicts: [...undurable.verdicts, ...verdicts], pictures },
      inFlight.arrived,
    );
    const isDurable = this.#pendingVerdicts.undurable.length === 0;
    const saved = [...(messages.length > 0 ? [sequence.save()] : []), verdictNumbers.save(!isDurable)];
    await Promise.all(saved).catch((error: unknown) => this.#report(error));
    sequence.allSendable();
    verdictNumbers.allSendable();
    for (const { seq, payload } of kept.messages) if (seq > known.seq) this.added$.next(payload);
    for (const { seq, payload } of kept.verdicts) if (seq > known.place) this.judged$.next(payload);
    for (const { seq } of kept.pictures) this.pictured$.next(seq);
    for (const { settle } of [...pending, ...pictures]) settle();
    for (const [index, { settle }] of parts.entries()) {
      const verdict = verdicts[index];
      settle(verdict === undefined ? null : { payload: verdict.payload, place: verdict.seq });
    }
  }

  readonly #tick = async (): Promise<void> => {
    const { account, inFlight } = this.#deps;
    const isWaiting = this.#pending.undurable.length + this.#pendingVerdicts.undurable.length > 0;
    if (account.health().full || isWaiting) this.#keeper.regainRoom();
    if (isWaiting || inFlight.arrived.length > 0) await this.#takeTurn();
    if (account.isCompactionDue) account.makeRoom().catch((error: unknown) => this.#report(error));
    await account.upkeep();
  };

  #report(error: unknown): void {
    const { onTrouble } = this.#deps;
    if (error instanceof CodedError) onTrouble(error);
    else onTrouble(new CodedError("OUTBOX_FAILED", messageOf(error), { cause: error }));
  }
}
