import { Subject } from "rxjs";
import type { CodedError } from "../../errors.js";
import type { AlertPayload, OutboxHealth } from "../contract/payloads.js";
import { Serial } from "../kit/serial.js";
import type { StoreOp } from "../store/store.js";
import type { AlertStep } from "../types.js";
import type { Books, Delivered } from "./account.js";
import type { RunningClock } from "./age.js";
import type { Announcements } from "./announcements.js";
import type { Handed } from "./in-flight.js";
import { boundedInMemory, withoutPictures } from "./in-memory.js";
import type { AlertDetails, Announced, Outbox, WaitingAlert, WaitingEvidence } from "./outbox.js";
import { AskedQueue } from "./pending.js";
import { type Kept, keptOf, type Times } from "./records.js";
import type { Left } from "./recovery.js";
import type { HighWater } from "./sequence.js";
import { bytesOf } from "./tally.js";
import { troubleOf } from "./trouble.js";
import { waitingAlerts, waitingEvidence } from "./waiting.js";

export interface DurableOutboxDeps {
  readonly books: Books;
  readonly highWater: HighWater;
  readonly handed: Handed;
  readonly announcements: Announcements;
  readonly left: readonly Left[];
  /** The last `seq` given out. */
  readonly high: number;
  /** `T`. */
  readonly base: string;
  readonly maxAgeMs: number;
  readonly clock: RunningClock;
  readonly wallMs: () => number;
  readonly onTrouble: (trouble: CodedError) => void;
  /** Between looks at a disk that was full. */
  readonly tickMs: number;
}

/** What one batch holds at most. */
const GROUP = 512;
const GROUP_BYTES = 8_388_608;
/** What was delivered is removed together. */
const REMOVE_AFTER_MS = 20;
const COMPACT_AFTER_BYTES = 67_108_864;
const EXPIRE_EVERY_MS = 60_000;

/** Everything that is asked for during one sync goes into the next: a storm costs few syncs, a lone alert waits for one. */
export class DurableOutbox implements Outbox {
  readonly added$ = new Subject<AlertPayload>();
  readonly #deps: DurableOutboxDeps;
  readonly #asked = new AskedQueue();
  /** Numbered, may be sent, and not on disk, which takes nothing: by `seq`, all above those on disk. */
  #undurable: readonly Kept[] = [];
  #delivered: Delivered[] = [];
  #high: number;
  /** The last that may be sent. */
  #ready: number;
  readonly #serial = new Serial((error) => this.#told(error));
  #removing: NodeJS.Timeout | null = null;
  #removedBytes = 0;
  #expiredAtMs = 0;
  #turning = false;
  #recounting = false;
  #regaining = false;
  readonly #ticking: NodeJS.Timeout;
  #closing: Promise<void> | null = null;

  constructor(deps: DurableOutboxDeps) {
    this.#deps = deps;
    this.#high = deps.high;
    this.#ready = deps.high;
    this.#ticking = setInterval(() => this.#serial.soon(this.#tick), deps.tickMs).unref();
  }

  last(): number {
    return this.#ready;
  }

  add(step: AlertStep, details: AlertDetails): Promise<void> {
    return this.#add(step, details, this.#now());
  }

  announce(step: AlertStep): Announced | null {
    if (this.#closing !== null) return null;
    this.#serial.soon(this.#turn);
    return this.#deps.announcements.add(step, this.#now());
  }

  async adopt(): Promise<number> {
    const { left } = this.#deps;
    await Promise.all(left.map(({ step, times, ...rest }) => this.#add(step, { ...rest, evidence: null }, times)));
    return left.length;
  }

  #now(): Times {
    return { atMs: this.#deps.clock.nowMs(), wallMs: this.#deps.wallMs() };
  }

  #add(step: AlertStep, details: AlertDetails, times: Times): Promise<void> {
    const { books, announcements } = this.#deps;
    if (this.#closing !== null) {
      // What was announced is added in the next life.
      if (!details.announced) books.losses.count("alert-stopped");
      return Promise.resolve();
    }
    return new Promise((settle) => {
      const given = this.#asked.add({ step, details, times, settle }, books.losses);
      if (given?.details.announced) announcements.over(given.details.announced);
      this.#serial.soon(this.#turn);
    });
  }

  async alerts(after: number, limit: number): Promise<readonly WaitingAlert[]> {
    const { store, first } = this.#deps.books;
    const range = { from: Math.max(after + 1, first), upTo: this.#ready, limit };
    const found = await waitingAlerts(store, this.#undurable, range, (error) => this.#told(error));
    for (const alert of found) this.#deps.handed.add(alert);
    if (found.length === 0) this.#checkAccount();
    return found;
  }

  async evidence(after: number, before: number): Promise<WaitingEvidence | null> {
    if (this.#deps.books.tally.evidence.count === 0) return null;
    const evidence = await waitingEvidence(this.#deps.books.store, after, before);
    if (evidence !== null) this.#deps.handed.add(evidence);
    return evidence;
  }

  delivered(what: WaitingAlert | WaitingEvidence): void {
    if (!this.#deps.handed.delete(what)) return;
    const { kind, seq, bytes } = what;
    this.#delivered.push({ kind, seq, bytes });
    this.#removing ??= setTimeout(() => this.#serial.soon(this.#turn), REMOVE_AFTER_MS);
  }

  refused(what: WaitingAlert | WaitingEvidence): void {
    const { losses } = this.#deps.books;
    losses.add([{ seq: what.seq, reason: `${what.kind}-refused` }]);
    this.delivered(what);
  }

  released(): void {
    this.#deps.handed.clear();
  }

  health(): OutboxHealth {
    const { books, wallMs } = this.#deps;
    const { full, damage } = books.store.health();
    const oldest = books.oldest ?? this.#undurable[0]?.times ?? this.#asked.oldest;
    return {
      depth: books.tally.alerts.count + this.#undurable.length + this.#asked.length,
      ageMs: oldest === null ? 0 : Math.max(0, wallMs() - oldest.wallMs),
      bytes: bytesOf(books.tally),
      evidence: books.tally.evidence.count,
      undurable: this.#undurable.length,
      full,
      lost: books.losses.counts(),
      gaps: books.losses.gaps(),
      damage: damage.map(({ kind, count }) => ({ kind, count })),
    };
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      clearInterval(this.#ticking);
      await this.#serial.run(async () => {
        do await this.#takeTurn();
        while (this.#asked.length > 0);
      });
      clearTimeout(this.#removing ?? undefined);
      await this.#deps.books.store.close();
      await this.#deps.highWater.close();
      this.added$.complete();
    })();
    return this.#closing;
  }

  readonly #turn = async (): Promise<void> => {
    this.#turning = true;
    try {
      await this.#takeTurn();
    } finally {
      this.#turning = false;
    }
    if (this.#asked.length > 0) this.#serial.soon(this.#turn);
  };

  /** One group: what is new, what the disk would not take before, and what was delivered. */
  async #takeTurn(): Promise<void> {
    clearTimeout(this.#removing ?? undefined);
    this.#removing = null;
    const { announcements, base, highWater } = this.#deps;
    const asked = this.#asked.take(GROUP, GROUP_BYTES);
    const delivered = this.#delivered.splice(0);
    const arrived = new Set(delivered.flatMap(({ kind, seq }) => (kind === "alert" ? [seq] : [])));
    const fromMemory = new Set(this.#undurable.filter(({ seq }) => arrived.has(seq)).map(({ seq }) => seq));
    this.#undurable = this.#undurable.filter(({ seq }) => !fromMemory.has(seq));
    const fresh = asked.map(({ step, details, times }) => keptOf(step, details, (this.#high += 1), times, base));
    for (const { details } of asked) if (details.announced) announcements.over(details.announced);
    const fromDisk = delivered.filter(({ kind, seq }) => kind === "evidence" || !fromMemory.has(seq));
    const notes = announcements.take();
    const kept = await this.#keep([...this.#undurable, ...fresh], fromDisk, notes);
    if (fresh.length > 0) await highWater.write(this.#high).catch((error: unknown) => this.#told(error));
    this.#ready = this.#high;
    for (const { seq, payload } of kept) if (seq > this.#high - fresh.length) this.added$.next(payload);
    for (const { settle } of asked) settle();
  }

  /** @returns as it was kept, on disk or not */
  async #keep(
    kept: readonly Kept[],
    delivered: readonly Delivered[],
    notes: readonly StoreOp[],
  ): Promise<readonly Kept[]> {
    if (kept.length === 0 && delivered.length === 0 && notes.length === 0) return kept;
    const { announcements, books } = this.#deps;
    const write = async (these: readonly Kept[]): Promise<readonly Kept[]> => {
      await books.write({ kept: these, delivered, notes, high: this.#high });
      announcements.settle(notes, true);
      this.#removedBytes += delivered.reduce((sum, { bytes }) => sum + bytes, 0);
      this.#undurable = [];
      await books.trim().catch((error: unknown) => this.#told(error));
      return these;
    };
    const wanted = books.store.health().full ? withoutPictures(kept, books.losses) : kept;
    try {
      return await write(wanted);
    } catch (error) {
      this.#told(error);
    }
    // Letting go of its reserve may have made room for the alerts, if not for their pictures.
    const bare = withoutPictures(wanted, books.losses);
    try {
      const these = await write(bare);
      // At once: what was let go may be taken by whoever filled the disk, and then not even a deletion can be written.
      await books.giveUp("evidence").catch((error: unknown) => this.#told(error));
      this.#regainRoom();
      return these;
    } catch (error) {
      this.#told(error);
      announcements.settle(notes, false);
      this.#undurable = boundedInMemory(bare, books.losses);
      this.#delivered.unshift(...delivered);
      return this.#undurable;
    }
  }

  readonly #tick = async (): Promise<void> => {
    const { books, clock, maxAgeMs } = this.#deps;
    if (books.store.health().full || this.#undurable.length > 0) this.#regainRoom();
    if (this.#undurable.length > 0 || this.#delivered.length > 0) await this.#takeTurn();
    if (this.#removedBytes >= COMPACT_AFTER_BYTES) {
      this.#removedBytes = 0;
      // Takes seconds, while alerts go on.
      books.store.makeRoom().catch((error: unknown) => this.#told(error));
    }
    if (clock.nowMs() - this.#expiredAtMs < EXPIRE_EVERY_MS) return;
    this.#expiredAtMs = clock.nowMs();
    await books.expire(clock.nowMs() - maxAgeMs);
    if (books.tally.alerts.count + books.tally.evidence.count > 0) await books.note();
  };

  /** Gives up what matters least until the disk has room again; alerts that raise or clear are never given up for it. */
  #regainRoom(): void {
    if (this.#regaining) return;
    this.#regaining = true;
    const { books } = this.#deps;
    const step = async (): Promise<void> => {
      while (this.#closing === null && !(await books.store.makeRoom())) {
        let given = 0;
        await this.#serial.run(async () => {
          given = (await books.giveUp("evidence")) || (await books.giveUp("updates"));
        });
        if (given === 0) return;
      }
    };
    void step()
      .catch((error: unknown) => this.#told(error))
      .finally(() => {
        this.#regaining = false;
      });
  }

  /** Nothing is found, nothing is on its way, and yet the account has some: what was there is damaged. */
  #checkAccount(): void {
    const { books, handed } = this.#deps;
    const moving = handed.size > 0 || this.#delivered.length > 0 || this.#undurable.length > 0;
    if (moving || this.#turning || this.#recounting || books.tally.alerts.count === 0) return;
    this.#recounting = true;
    void this.#serial
      .run(() => books.recount(this.#high, this.#high, true))
      .finally(() => {
        this.#recounting = false;
      });
  }

  #told(error: unknown): void {
    this.#deps.onTrouble(troubleOf(error));
  }
}
