import { put, remove, type Store, type StoreOp } from "../store/store.js";
import { makeRoom, type RoomOptions, type Sacrifice } from "./eviction.js";
import type { Loss, Losses, LossReason } from "./losses.js";
import {
  ALERTS,
  alertKey,
  EVIDENCE,
  evidenceKey,
  type Kept,
  readAlert,
  readEvidence,
  type Times,
  updateKey,
} from "./records.js";
import { bytesOf, changed, count, type Kind, putMeta, type Tally } from "./tally.js";

export interface BooksState {
  readonly high: number;
  readonly first: number;
  readonly tally: Tally;
  readonly losses: Losses;
}

export interface BooksDeps {
  readonly store: Store;
  readonly maxBytes: number;
  readonly clockMs: () => number;
  /** What is being sent is not given up: it would be counted as lost, and arrive. */
  readonly spared: (kind: Kind, seq: number) => boolean;
}

/** What is known about what the broker has. */
export interface Delivered {
  readonly kind: "alert" | "evidence";
  readonly seq: number;
  readonly bytes: number;
}

export interface Change {
  readonly kept: readonly Kept[];
  readonly delivered: readonly Delivered[];
  /** Beside what is in the account. */
  readonly notes: readonly StoreOp[];
  /** The last `seq` given out. */
  readonly high: number;
}

/** At most so much goes in one step, so that alerts need not wait long for it. */
const STEP_BYTES = 8_388_608;
const STEP_MESSAGES = 1_000;

/** The outbox's store and its account of it: every change is one batch, with the account in it. One change at a time. */
export class Books {
  readonly store: Store;
  readonly #deps: BooksDeps;
  #high: number;
  #first: number;
  #tally: Tally;
  readonly #losses: Losses;
  #oldest: Times | null = null;

  constructor(deps: BooksDeps, state: BooksState) {
    this.store = deps.store;
    this.#deps = deps;
    this.#high = state.high;
    this.#first = state.first;
    this.#tally = state.tally;
    this.#losses = state.losses;
  }

  get tally(): Tally {
    return this.#tally;
  }

  get losses(): Losses {
    return this.#losses;
  }

  /** Below this `seq` nothing waits. */
  get first(): number {
    return this.#first;
  }

  /** Null when nothing waits. */
  get oldest(): Times | null {
    return this.#oldest;
  }

  /** Synced when there is something to keep. @throws CodedError of the store; then nothing has changed */
  async write({ kept, delivered, notes, high }: Change): Promise<void> {
    const ops: StoreOp[] = [...notes];
    let tally = this.#tally;
    for (const { kind, seq, bytes } of delivered) {
      if (kind === "evidence") ops.push(remove(evidenceKey(seq)));
      else ops.push(remove(alertKey(seq)), remove(updateKey(seq)));
      tally = changed(tally, kind === "evidence" ? "evidence" : "alerts", -1, -bytes);
    }
    for (const { seq, payload, alert, evidence, standing } of kept) {
      ops.push(put(alertKey(seq), alert));
      if (standing !== null) ops.push(standing);
      tally = changed(tally, "alerts", 1, alert.length);
      if (payload.phase === "updated") ops.push(put(updateKey(seq), new Uint8Array(0)));
      if (evidence === null) continue;
      ops.push(put(evidenceKey(seq), evidence));
      tally = changed(tally, "evidence", 1, evidence.length);
    }
    this.#high = high;
    await this.#apply(ops, { ops: [], tally, lost: [] }, kept.length > 0 || notes.some(({ kind }) => kind === "put"));
  }

  /** Gives up what is beyond the bound. */
  async trim(): Promise<void> {
    const enough: RoomOptions["enough"] = (left) => bytesOf(left) <= this.#deps.maxBytes;
    if (enough(this.#tally, 0)) return;
    await this.#apply([], await this.#sacrifice(this.#tally, { enough, reason: "room", upTo: "alerts" }), false);
  }

  /** Gives up a step's worth of what matters least. @returns how many messages */
  async giveUp(upTo: "evidence" | "updates"): Promise<number> {
    const before = bytesOf(this.#tally);
    const enough: RoomOptions["enough"] = (left, lost) => lost >= STEP_MESSAGES || before - bytesOf(left) >= STEP_BYTES;
    const sacrifice = await this.#sacrifice(this.#tally, { enough, reason: "disk", upTo });
    if (sacrifice.lost.length > 0) await this.#apply([], sacrifice, false);
    return sacrifice.lost.length;
  }

  /** Gives up what was added before, by the running clock. */
  async expire(beforeMs: number): Promise<void> {
    const ops: StoreOp[] = [];
    const lost: Loss[] = [];
    let tally = this.#tally;
    const expire = (kind: Kind, { seq, atMs, bytes }: Times & { seq: number; bytes: number }): boolean => {
      if (atMs >= beforeMs || lost.length >= STEP_MESSAGES) return false;
      if (this.#deps.spared(kind, seq)) return true;
      ops.push(...(kind === "alerts" ? [remove(alertKey(seq)), remove(updateKey(seq))] : [remove(evidenceKey(seq))]));
      tally = changed(tally, kind, -1, -bytes);
      lost.push({ seq, reason: kind === "alerts" ? "alert-age" : "evidence-age" });
      return true;
    };
    for await (const { key, value } of this.store.entries({ ...EVIDENCE })) {
      if (!expire("evidence", readEvidence(key, value))) break;
    }
    for await (const { key, value } of this.store.entries({ ...ALERTS, from: alertKey(this.#first) })) {
      if (!expire("alerts", readAlert(key, value))) break;
    }
    if (lost.length > 0) await this.#apply(ops, { ops: [], tally, lost }, false);
  }

  /**
   * Reads it all, corrects the account, and tells which numbers should be there and are not.
   * @param stored the last number that was seen in the store
   * @param accounted whether the account so far says how many there should be
   */
  async recount(stored: number, upTo: number, accounted: boolean): Promise<void> {
    const { tally, seqs } = await count(this.store);
    const there = new Set(seqs);
    const absent = (from: number, to: number, reason: LossReason): Loss[] => {
      const lost: Loss[] = [];
      for (let seq = from; seq <= to; seq += 1) {
        if (!there.has(seq) && !this.#losses.holds(seq)) lost.push({ seq, reason });
      }
      return lost;
    };
    const unkept = absent(stored + 1, upTo, "alert-unkept");
    let damaged = absent(accounted ? this.#first : (seqs[0] ?? stored + 1), stored, "alert-damaged");
    const missing = this.#tally.alerts.count - tally.alerts.count;
    if (accounted && damaged.length > missing) {
      // Some of these were delivered: only what the store names is certain.
      const named = new Set(this.store.health().damage.flatMap(({ what }) => what));
      damaged = damaged.filter(({ seq }) => named.has(alertKey(seq)));
      this.#losses.count("alert-damaged", missing - damaged.length);
    }
    this.#losses.count("evidence-damaged", this.#tally.evidence.count - tally.evidence.count);
    const lost = [...damaged, ...unkept];
    this.#high = upTo;
    await this.#apply([], { ops: [], tally, lost }, true);
  }

  /** Writes the account as it stands, so that the running clock survives. */
  async note(): Promise<void> {
    await this.#apply([], { ops: [], tally: this.#tally, lost: [] }, false);
  }

  /** Finds the first that waits, in a store that was just opened. */
  async begin(): Promise<void> {
    await this.#findOldest();
  }

  #sacrifice(
    tally: Tally,
    { enough, reason, upTo }: Pick<RoomOptions, "enough" | "upTo"> & { readonly reason: "room" | "disk" },
  ): Promise<Sacrifice> {
    const { spared } = this.#deps;
    const reasons = { evidence: `evidence-${reason}`, alerts: `alert-${reason}` } as const;
    return makeRoom(this.store, tally, { enough, spared, first: this.#first, ...reasons, upTo });
  }

  async #apply(ops: readonly StoreOp[], { ops: more, tally, lost }: Sacrifice, sync: boolean): Promise<void> {
    const account = { high: this.#high, first: this.#first, clockMs: this.#deps.clockMs(), tally };
    const gaps = this.#losses.gapsWith(lost);
    await this.store.batch([...ops, ...more, putMeta({ ...account, gaps })], { sync });
    this.#losses.add(lost);
    this.#tally = tally;
    await this.#findOldest();
  }

  async #findOldest(): Promise<void> {
    this.#oldest = null;
    if (this.#tally.alerts.count > 0) {
      for await (const { key, value } of this.store.entries({ ...ALERTS, from: alertKey(this.#first), limit: 1 })) {
        const alert = readAlert(key, value);
        this.#oldest = alert;
        this.#first = alert.seq;
      }
    } else this.#first = this.#high + 1;
  }
}
