import { Subject } from "rxjs";
import { CodedError, messageOf } from "../../errors.js";
import type { WaitingAlert, WaitingEvidence, WaitingMessage } from "../contract/alert-queue.js";
import type { AlertPayload, OutboxHealth } from "../contract/payloads.js";
import { Serial } from "../kit/serial.js";
import type { StoreOp } from "../store/store.js";
import type { AlertStep } from "../types.js";
import type { Account } from "./account.js";
import type { InFlight } from "./in-flight.js";
import type { Losses } from "./losses.js";
import type { AlertDetails, Announced, Outbox } from "./outbox.js";
import { Pending, waitingAmong } from "./pending.js";
import { type Filed, type Numbered, numbered, type Times, withoutEvidence } from "./records.js";
import { type Announcements, type Owed, standingAfter } from "./recovery.js";
import type { Sequence } from "./sequence.js";

export interface DurableOutboxDeps {
  readonly account: Account;
  readonly sequence: Sequence;
  readonly losses: Losses;
  readonly inFlight: InFlight;
  readonly announcements: Announcements;
  /** The steps that the run before this one did not add. */
  readonly owed: readonly Owed[];
  /** `T`. */
  readonly base: string;
  readonly wallMs: () => number;
  readonly onTrouble: (trouble: CodedError) => void;
  /** Between looks at a disk that was full. */
  readonly tickMs: number;
}

/** One batch holds at most so much. */
const BATCH_ALERTS = 512;
const BATCH_EVIDENCE_BYTES = 8_388_608;
/** The records of messages that arrived within so long are removed together. */
const REMOVE_AFTER_MS = 20;

/** The outbox on a store. All that is added during one sync goes into the next: a storm costs few syncs, a lone alert waits for one. */
export class DurableOutbox implements Outbox {
  readonly added$ = new Subject<AlertPayload>();
  readonly #deps: DurableOutboxDeps;
  readonly #pending: Pending;
  readonly #serial = new Serial((error) => this.#report(error));
  #ticking: NodeJS.Timeout | undefined;
  #removing: NodeJS.Timeout | undefined;
  #isRecounting = false;
  #isRegaining = false;
  #closing: Promise<void> | null = null;

  constructor(deps: DurableOutboxDeps) {
    this.#deps = deps;
    this.#pending = new Pending(deps.losses);
  }

  /** Begins to look after its disk. To be called once. */
  start(): void {
    this.#ticking = setInterval(() => this.#serial.soon(this.#tick), this.#deps.tickMs).unref();
  }

  last(): number {
    return this.#deps.sequence.sendable;
  }

  add(step: AlertStep, details: AlertDetails): Promise<void> {
    return this.#add(step, details, this.#now());
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
    return this.#deps.inFlight.reading(() => this.#findAlerts(after, limit));
  }

  async #findAlerts(after: number, limit: number): Promise<readonly WaitingAlert[]> {
    const { account, sequence, inFlight } = this.#deps;
    const upTo = sequence.sendable;
    // As they are before the reading: what gets to the disk meanwhile is found in one place or the other.
    const { undurable } = this.#pending;
    const found: WaitingAlert[] = [];
    try {
      for await (const alert of account.alerts(after + 1, upTo, limit)) found.push(alert);
    } catch (error) {
      // A disk that cannot even be read must not hold back what is in memory.
      this.#report(error);
    }
    for (const alert of waitingAmong(undurable, (found.at(-1)?.seq ?? after) + 1, upTo)) {
      if (found.length < limit && inFlight.send(alert)) found.push(alert);
    }
    if (found.length === 0) this.#checkAccount();
    return found;
  }

  evidence(after: number, before: number): Promise<WaitingEvidence | null> {
    return this.#deps.inFlight.reading(() => this.#deps.account.evidence(after, before));
  }

  delivered(message: WaitingMessage): void {
    this.#arrive(message);
  }

  refused(message: WaitingMessage): void {
    if (!this.#arrive(message)) return;
    this.#deps.losses.add([{ seq: message.seq, reason: `${message.kind}-refused` }]);
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
    const { account, losses, wallMs } = this.#deps;
    const { full, damage } = account.health();
    const oldest = account.oldest ?? this.#pending.oldest;
    return {
      depth: account.count("alert") + this.#pending.count,
      ageMs: oldest === null ? 0 : Math.max(0, wallMs() - oldest.wallMs),
      bytes: account.bytes,
      evidence: account.count("evidence"),
      undurable: this.#pending.undurable.length,
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
        while (this.#pending.hasUnnumbered);
      });
      clearTimeout(this.#removing);
      await this.#deps.account.close();
      this.added$.complete();
    })();
    return this.#closing;
  }

  readonly #turn = async (): Promise<void> => {
    await this.#takeTurn();
    if (this.#pending.hasUnnumbered) this.#serial.soon(this.#turn);
  };

  /** Writes one batch: alerts that are new, those that the disk would not take before, and the removal of what arrived. */
  async #takeTurn(): Promise<void> {
    clearTimeout(this.#removing);
    this.#removing = undefined;
    const { base, sequence, inFlight } = this.#deps;
    const pending = this.#pending.take(BATCH_ALERTS, BATCH_EVIDENCE_BYTES);
    inFlight.forget(this.#pending.forget(inFlight.arrived));
    const known = sequence.last;
    const fresh = pending.map(({ step, details, times }) => {
      const notes = standingAfter(step, times);
      return numbered(step, details.evidence, { seq: sequence.next(), times, notes, base });
    });
    for (const { details } of pending) this.#endAnnouncement(details);
    const kept = await this.#keep([...this.#pending.undurable, ...fresh], inFlight.arrived);
    if (fresh.length > 0) await sequence.save().catch((error: unknown) => this.#report(error));
    sequence.allSendable();
    for (const { seq, payload } of kept) if (seq > known) this.added$.next(payload);
    for (const { settle } of pending) settle();
  }

  /** Writes messages, or holds them in memory where the disk takes nothing. @returns them as they were kept */
  async #keep(messages: readonly Numbered[], arrived: readonly Filed[]): Promise<readonly Numbered[]> {
    const { account, announcements } = this.#deps;
    const notes = announcements.take();
    if (messages.length === 0 && arrived.length === 0 && notes.length === 0) return messages;
    const wanted = account.health().full ? this.#withoutEvidence(messages) : messages;
    try {
      return await this.#write(wanted, arrived, notes);
    } catch (error) {
      this.#report(error);
    }
    // The store has let go of its reserve, which may have made room for the alerts, if not for their pictures.
    const bare = this.#withoutEvidence(wanted);
    try {
      const written = await this.#write(bare, arrived, notes);
      // At once: whoever filled the disk may take the reserve, too, and then not even a removal can be written.
      await account.giveUp("evidence").catch((error: unknown) => this.#report(error));
      this.#regainRoom();
      return written;
    } catch (error) {
      this.#report(error);
      announcements.settle(notes, false);
      return this.#pending.hold(bare);
    }
  }

  async #write(messages: readonly Numbered[], arrived: readonly Filed[], notes: readonly StoreOp[]) {
    const { account, announcements, inFlight } = this.#deps;
    await account.write({ messages, arrived, notes });
    announcements.settle(notes, true);
    inFlight.forget(arrived);
    this.#pending.hold([]);
    await account.trim().catch((error: unknown) => this.#report(error));
    return messages;
  }

  /** The messages without their pictures: a disk that is nearly full may still take them. */
  #withoutEvidence(messages: readonly Numbered[]): readonly Numbered[] {
    this.#deps.losses.count("evidence-disk", messages.filter(({ evidence }) => evidence !== null).length);
    return messages.map((message) => (message.evidence === null ? message : withoutEvidence(message)));
  }

  readonly #tick = async (): Promise<void> => {
    const { account, inFlight } = this.#deps;
    const isWaiting = this.#pending.undurable.length > 0;
    if (account.health().full || isWaiting) this.#regainRoom();
    if (isWaiting || inFlight.arrived.length > 0) await this.#takeTurn();
    if (account.isCompactionDue) account.makeRoom().catch((error: unknown) => this.#report(error));
    await account.upkeep();
  };

  /** Gives up what matters least until the disk has room again; alerts that raise or clear are never given up for it. */
  #regainRoom(): void {
    if (this.#isRegaining) return;
    this.#isRegaining = true;
    const { account } = this.#deps;
    const regain = async (): Promise<void> => {
      while (this.#closing === null && !(await account.makeRoom())) {
        let given = 0;
        await this.#serial.run(async () => {
          given = (await account.giveUp("evidence")) || (await account.giveUp("updates"));
        });
        if (given === 0) return;
      }
    };
    void regain()
      .catch((error: unknown) => this.#report(error))
      .finally(() => {
        this.#isRegaining = false;
      });
  }

  /** Counts anew where nothing is found, nothing is in flight, and yet the account has alerts: they are damaged. */
  #checkAccount(): void {
    const { account, sequence, inFlight } = this.#deps;
    const isMoving = !inFlight.isEmpty || this.#pending.undurable.length > 0 || sequence.sendable < sequence.last;
    if (isMoving || this.#isRecounting || account.count("alert") === 0) return;
    this.#isRecounting = true;
    void this.#serial
      .run(() => account.recount())
      .finally(() => {
        this.#isRecounting = false;
      });
  }

  #report(error: unknown): void {
    const { onTrouble } = this.#deps;
    if (error instanceof CodedError) onTrouble(error);
    else onTrouble(new CodedError("OUTBOX_FAILED", messageOf(error), { cause: error }));
  }
}
