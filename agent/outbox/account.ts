import type { WaitingAlert, WaitingEvidence, WaitingMessage } from "../contract/alert-queue.js";
import type { KeyRange, Store, StoreHealth, StoreOp } from "../store/store.js";
import { expired, type Rank, victims } from "./eviction.js";
import type { InFlight } from "./in-flight.js";
import type { Loss, Losses, LossReason } from "./losses.js";
import {
  type AccountRecord,
  ALERTS,
  alertKey,
  type Cause,
  Change,
  census,
  EMPTY,
  evidenceKey,
  type Filed,
  type Numbered,
  putAccount,
  readAlert,
  readEvidence,
  type Stored,
  type Tally,
  type Times,
} from "./records.js";
import type { Sequence } from "./sequence.js";

export interface AccountOptions {
  readonly store: Store;
  readonly sequence: Sequence;
  readonly losses: Losses;
  readonly inFlight: InFlight;
  /** The most that alerts and evidence may take together. */
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
    return this.#tally.alert.bytes + this.#tally.evidence.bytes;
  }

  count(kind: WaitingMessage["kind"]): number {
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
   * Finds the first alert in a store that was just opened.
   * @param stored the last number that the store knew: what is above it and not in the store is lost
   */
  async open(stored: number): Promise<void> {
    const isCut = this.#isAccounted && this.#options.sequence.last > stored;
    if (isCut || this.health().damage.length > 0) await this.recount(stored);
    else await this.#findOldest();
    this.#isAccounted = true;
  }

  /** The alerts of a range of numbers, both ends included, that may be sent: so many at most, in flight from now on. */
  alerts(from: number, upTo: number, most: number): AsyncIterable<WaitingAlert> {
    const range = { from: alertKey(Math.max(from, this.#first)), to: alertKey(upTo + 1) };
    return this.#toSend(range, most, readAlert);
  }

  /** The first picture of a range of numbers, neither end included, that may be sent; in flight from now on. */
  async evidence(after: number, before: number): Promise<WaitingEvidence | null> {
    if (this.count("evidence") === 0) return null;
    const range = { from: evidenceKey(after + 1), to: evidenceKey(before) };
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

  /** Writes one batch, synced when there is something to keep. @throws CodedError of the store; then nothing has changed */
  async write({ messages, arrived, notes }: Entry): Promise<void> {
    const change = new Change(this.#tally, notes);
    for (const message of arrived) change.remove(message);
    for (const message of messages) change.keep(message);
    await this.#apply(change, { sync: messages.length > 0 || notes.some(({ kind }) => kind === "put") });
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

  /**
   * Once a minute, gives up a step's worth of what has waited for too long, and writes the account, so that its clock survives.
   * Does nothing when called sooner.
   */
  async upkeep(): Promise<void> {
    if (this.clockMs - this.#keptUpAtMs < UPKEEP_EVERY_MS) return;
    this.#keptUpAtMs = this.clockMs;
    await this.#expire();
    if (this.count("alert") + this.count("evidence") > 0) await this.#apply(new Change(this.#tally));
  }

  async #expire(): Promise<void> {
    const { maxAgeMs } = this.#options;
    const old = expired(this.#holdings, this.clockMs - maxAgeMs);
    await this.#giveUp(old, "age", ({ lost }) => lost.length >= STEP_MESSAGES);
  }

  /**
   * Reads everything, corrects the tally, and counts the numbers that should be there and are not as lost.
   * @param stored the last number that is known to have been in the store
   */
  async recount(stored = this.#options.sequence.last): Promise<void> {
    const { store, losses, sequence } = this.#options;
    const { tally, seqs } = await census(store);
    const found = new Change(tally);
    const absent = (from: number, to: number, reason: LossReason): Loss[] => {
      const lost: Loss[] = [];
      for (let seq = from; seq <= to; seq += 1) {
        if (!seqs.has(seq) && !losses.holds(seq)) lost.push({ seq, reason });
      }
      return lost;
    };
    const [lowest = stored + 1] = seqs;
    let damaged = absent(this.#isAccounted ? this.#first : lowest, stored, "alert-damaged");
    const missing = this.count("alert") - tally.alert.count;
    if (this.#isAccounted && damaged.length > missing) {
      // Some of these were delivered: only what the store names is certain.
      const named = new Set(this.health().damage.flatMap(({ what }) => what));
      damaged = damaged.filter(({ seq }) => named.has(alertKey(seq)));
      losses.count("alert-damaged", missing - damaged.length);
    }
    losses.count("evidence-damaged", this.count("evidence") - tally.evidence.count);
    found.lost.push(...damaged, ...absent(stored + 1, sequence.last, "alert-unkept"));
    await this.#apply(found, { sync: true });
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
  }

  get #holdings(): { readonly store: Store; readonly first: number } {
    return { store: this.#options.store, first: this.#first };
  }

  #victims(upTo: Rank): AsyncIterable<Filed> {
    return victims(this.#holdings, this.count("evidence") > 0 ? "evidence" : "updates", upTo);
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

  async #apply({ ops, tally, lost }: Change, { sync }: { readonly sync: boolean } = { sync: false }): Promise<void> {
    const { store, sequence, losses } = this.#options;
    const record = { last: sequence.last, first: this.#first, clockMs: this.clockMs, tally };
    await store.batch([...ops, putAccount({ ...record, gaps: losses.gapsWith(lost) })], { sync });
    losses.add(lost);
    this.#tally = tally;
    await this.#findOldest();
  }

  async #findOldest(): Promise<void> {
    const { store, sequence } = this.#options;
    this.#oldest = null;
    if (this.count("alert") === 0) this.#first = sequence.last + 1;
    else {
      for await (const { key, value } of store.entries({ ...ALERTS, from: alertKey(this.#first), limit: 1 })) {
        const { message, times } = readAlert(key, value);
        this.#oldest = times;
        this.#first = message.seq;
      }
    }
  }
}
