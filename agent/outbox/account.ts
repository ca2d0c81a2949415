import type { WaitingAlert, WaitingEvidence, WaitingMessage, WaitingVerdict } from "../contract/alert-queue.js";
import { passFull } from "../store/faults.js";
import type { KeyRange, Store, StoreHealth, StoreOp } from "../store/store.js";
import { type AccountRecord, EMPTY, firstPlaceIn, putAccount, type Tally } from "./account-record.js";
import { bytesIn, type Cause, Change } from "./change.js";
import { expired, type Holdings, type Rank, victims } from "./eviction.js";
import type { InFlight } from "./in-flight.js";
import type { Losses } from "./losses.js";
import {
  ALERTS,
  alertKey,
  evidenceKey,
  type Filed,
  type Numbered,
  type NumberedPicture,
  type NumberedVerdict,
  readAlert,
  readEvidence,
  readVerdict,
  type Stored,
  type Times,
  verdictsFrom,
} from "./records.js";
import { type LastNumbers, recount } from "./recount.js";
import type { Sequence } from "./sequence.js";
import type { VerdictSequences } from "./verdict-numbers.js";

export interface AccountOptions {
  readonly store: Store;
  readonly sequence: Sequence;
  readonly verdictNumbers: VerdictSequences;
  readonly losses: Losses;
  readonly inFlight: InFlight;
  /** The most that alerts, verdicts and evidence may take together. */
  readonly maxBytes: number;
  /** The longest that a message may wait, by the account's clock. */
  readonly maxAgeMs: number;
  readonly monotonicMs: () => number;
  /** As it was read from the store; null in a new one, and where it was damaged. */
  readonly record: AccountRecord | null;
}

/** The contents of one batch. */
export interface Entry {
  readonly messages: readonly Numbered[];
  readonly verdicts: readonly NumberedVerdict[];
  readonly pictures: readonly NumberedPicture[];
  /** Messages that the broker has. */
  readonly arrived: readonly Filed[];
  /** Write-ahead notes. */
  readonly notes: readonly StoreOp[];
}

/** One step gives up so much at most, so that alerts need not wait long for it. */
const STEP_BYTES = 8_388_608;
const STEP_MESSAGES = 1_000;
const COMPACT_AFTER_BYTES = 67_108_864;
const UPKEEP_EVERY_MS = 60_000;

/**
 * The store of an outbox and the account of what it holds: every change is one batch that holds the account, too, so that
 * opening need not read it all. Changes must not overlap. What is in flight is never given up.
 */
export class Account {
  readonly #options: AccountOptions;
  readonly #startedMs: number;
  #tally: Tally;
  /** No alert in the store has a lower number. */
  #first: number;
  /** No verdict in the store has a lower place. */
  #firstVerdict: number;
  #oldest: Times | null = null;
  /** Whether the tally says how much there should be. */
  #isAccounted: boolean;
  #removedBytes = 0;
  #keptUpAtMs = 0;

  constructor(options: AccountOptions) {
    const { record, monotonicMs } = options;
    this.#options = options;
    this.#startedMs = monotonicMs();
    this.#tally = record?.tally ?? EMPTY;
    this.#first = record?.first ?? 0;
    this.#firstVerdict = record?.verdicts.first ?? 0;
    this.#isAccounted = record !== null;
  }

  /**
   * The time that counts against `maxAgeHours`: for how long an agent has run with this outbox, and so could have delivered. It
   * goes by the monotonic clock and is written with every batch: neither a wall clock that jumps nor a machine that was
   * switched off over the holidays makes a message old.
   */
  get clockMs(): number {
    const { record, monotonicMs } = this.#options;
    return (record?.clockMs ?? 0) + Math.max(0, monotonicMs() - this.#startedMs);
  }

  get bytes(): number {
    return bytesIn(this.#tally);
  }

  count(kind: keyof Tally): number {
    return this.#tally[kind].count;
  }

  /** The times of the oldest alert; null where none waits. */
  get oldest(): Times | null {
    return this.#oldest;
  }

  health(): StoreHealth {
    return this.#options.store.health();
  }

  /**
   * Finds the first alert and the first verdict in a store that was just opened.
   * @param stored the last numbers that the store knew: what is above them and not in the store is lost
   */
  async open(stored: LastNumbers): Promise<void> {
    const { alert, verdicts } = this.#handedOut;
    const isAhead = Object.entries(verdicts).some(([camera, last]) => last > (stored.verdicts[camera] ?? 0));
    const isCut = this.#isAccounted && (alert > stored.alert || isAhead);
    if (isCut || this.health().damage.length > 0) await this.recount(stored);
    else await this.#findOldest();
    this.#isAccounted = true;
  }

  /** The alerts of a range of numbers, both ends included, that may be sent: so many at most, in flight from now on. */
  alerts(from: number, upTo: number, most: number): AsyncIterable<WaitingAlert> {
    const range = { from: alertKey(Math.max(from, this.#first)), to: alertKey(upTo + 1) };
    return this.#toSend(range, most, readAlert);
  }

  /** The verdicts of a range of places, as `alerts`. */
  verdicts(from: number, upTo: number, most: number): AsyncIterable<WaitingVerdict> {
    const range = { from: verdictsFrom(Math.max(from, this.#firstVerdict)), to: verdictsFrom(upTo + 1) };
    return this.#toSend(range, most, readVerdict);
  }

  /** The first picture of a range of numbers, neither end included, that may be sent; in flight from now on. @param keyOf its record's */
  async evidence(after: number, before: number, keyOf = evidenceKey): Promise<WaitingEvidence | null> {
    if (this.count("evidence") === 0) return null;
    const range = { from: keyOf(after + 1), to: keyOf(before) };
    for await (const evidence of this.#toSend(range, 1, readEvidence)) return evidence;
    return null;
  }

  /** Passes over what must not be sent, however much it is. */
  async *#toSend<T extends WaitingMessage>(
    range: KeyRange,
    most: number,
    read: (key: string, value: Uint8Array) => Stored<T>,
  ): AsyncIterable<T> {
    const { store, inFlight } = this.#options;
    let rest = range;
    let found = 0;
    for (let isMore = true; isMore && found < most; ) {
      const limit = most - found;
      let seen = 0;
      for await (const { key, value } of store.entries({ ...rest, limit })) {
        const { message } = read(key, value);
        rest = { ...range, from: `${key}\0` };
        seen += 1;
        if (!inFlight.send(message)) continue;
        found += 1;
        yield message;
      }
      isMore = seen === limit;
    }
  }

  /** Writes one batch, synced when there is more to keep than pictures of parts. @throws CodedError of the store; then nothing has changed */
  async write({ messages, verdicts, pictures, arrived, notes }: Entry): Promise<void> {
    const change = new Change(this.#tally, notes);
    for (const message of arrived) change.remove(message);
    for (const message of messages) change.keep(message);
    for (const verdict of verdicts) change.keepVerdict(verdict);
    for (const picture of pictures) change.keepPicture(picture);
    const isNew = messages.length + verdicts.length > 0;
    await this.#apply(change, { sync: isNew || notes.some(({ kind }) => kind === "put") });
    this.#removedBytes += arrived.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Gives up what is beyond the bound. */
  async trim(): Promise<void> {
    if (this.bytes <= this.#options.maxBytes) return;
    await this.#giveUp(this.#victims("alerts"), "room", ({ bytes }) => bytes <= this.#options.maxBytes);
  }

  /** Gives up a step's worth of what matters least. @returns how many messages */
  async giveUp(upTo: Rank): Promise<number> {
    const before = this.bytes;
    const isEnough = ({ lost, bytes }: Change) => lost.length >= STEP_MESSAGES || before - bytes >= STEP_BYTES;
    return this.#giveUp(this.#victims(upTo), "disk", isEnough);
  }

  /** Once a minute at most, gives up a step's worth of what has waited for too long, and writes the account, so that its clock survives. */
  async upkeep(): Promise<void> {
    if (this.clockMs - this.#keptUpAtMs < UPKEEP_EVERY_MS) return;
    this.#keptUpAtMs = this.clockMs;
    await this.#expire();
    if (this.count("alert") + this.count("verdict") + this.count("evidence") > 0)
      await this.#apply(new Change(this.#tally));
  }

  async #expire(): Promise<void> {
    const old = expired(this.#holdings, this.clockMs - this.#options.maxAgeMs);
    await this.#giveUp(old, "age", ({ lost }) => lost.length >= STEP_MESSAGES);
  }

  /**
   * Reads everything, corrects the tally, and counts the numbers that should be there and are not as lost.
   * @param stored the last numbers that are known to have been in the store
   */
  async recount(stored: LastNumbers = this.#handedOut): Promise<void> {
    const { store, losses } = this.#options;
    const known = { tally: this.#isAccounted ? this.#tally : null, first: this.#first, handedOut: this.#handedOut };
    await this.#apply(await recount({ store, losses, stored, ...known }), { sync: true, mayWait: true });
  }

  get #handedOut(): LastNumbers {
    return { alert: this.#options.sequence.last, verdicts: this.#options.verdictNumbers.last };
  }

  /** Whether so much was removed since the last compaction that the next one is due. */
  get isCompactionDue(): boolean {
    return this.#removedBytes >= COMPACT_AFTER_BYTES;
  }

  /**
   * Gives the space of what was removed back to the disk: takes seconds, while alerts go on.
   * @returns whether the store is as able to write as at its opening
   */
  makeRoom(): Promise<boolean> {
    this.#removedBytes = 0;
    return this.#options.store.makeRoom();
  }

  async close(): Promise<void> {
    await this.#options.store.close();
    await this.#options.sequence.close();
    await this.#options.verdictNumbers.close();
  }

  get #holdings(): Holdings {
    return { store: this.#options.store, first: this.#first, firstVerdict: this.#firstVerdict };
  }

  #victims(upTo: Rank): AsyncIterable<Filed> {
    return victims(this.#holdings, this.count("evidence") > 0 ? "evidence" : "verdicts", upTo);
  }

  /** Gives up messages in the order given until it is enough. @returns how many */
  async #giveUp(order: AsyncIterable<Filed>, cause: Cause, isEnough: (change: Change) => boolean): Promise<number> {
    const { inFlight } = this.#options;
    const plan = new Change(this.#tally);
    const chosen: Filed[] = [];
    for await (const message of order) {
      if (isEnough(plan)) break;
      if (inFlight.has(message)) continue;
      plan.giveUp(message, cause);
      chosen.push(message);
    }
    if (chosen.length === 0) return 0;
    const change = new Change(this.#tally);
    await inFlight.giveUp(chosen, async (messages) => {
      for (const message of messages) change.giveUp(message, cause);
      await this.#apply(change);
    });
    return change.lost.length;
  }

  /** @param mayWait whether what a full disk does not take is in force all the same, and written with the next batch */
  async #apply({ ops, tally, lost }: Change, { sync = false, mayWait = false } = {}): Promise<void> {
    const { store, sequence, verdictNumbers: numbers, losses } = this.#options;
    const verdicts = { place: numbers.place, first: this.#firstVerdict, last: numbers.last };
    const counts = { last: sequence.last, first: this.#first, tally, verdicts };
    const record = putAccount({ ...counts, clockMs: this.clockMs, gaps: losses.gapsWith(lost) });
    const written = store.batch([...ops, record], { sync });
    await (mayWait ? written.catch(passFull) : written);
    losses.add(lost);
    this.#tally = tally;
    await this.#findOldest();
  }

  async #findOldest(): Promise<void> {
    const { store, sequence, verdictNumbers } = this.#options;
    this.#oldest = null;
    if (this.count("alert") === 0) this.#first = sequence.last + 1;
    else {
      for await (const { key, value } of store.entries({ ...ALERTS, from: alertKey(this.#first), limit: 1 })) {
        const { message, times } = readAlert(key, value);
        this.#oldest = times;
        this.#first = message.seq;
      }
    }
    if (this.count("verdict") === 0) this.#firstVerdict = verdictNumbers.place + 1;
    else this.#firstVerdict = await firstPlaceIn(store, this.#firstVerdict);
  }
}
