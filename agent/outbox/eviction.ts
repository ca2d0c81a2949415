import type { Entry, KeyRange, Store, StoreOp } from "../store/store.js";
import { remove } from "../store/store.js";
import type { Loss, LossReason } from "./losses.js";
import { ALERTS, alertKey, EVIDENCE, evidenceKey, seqOf, UPDATES, updateKey } from "./records.js";
import { changed, type Kind, type Tally } from "./tally.js";

/** What is to be given up, and what is left then. */
export interface Sacrifice {
  readonly ops: readonly StoreOp[];
  readonly tally: Tally;
  readonly lost: readonly Loss[];
}

export interface RoomOptions {
  /** Those handed out for sending are spared. */
  readonly spared: (kind: Kind, seq: number) => boolean;
  /** Given up, oldest first, until this says enough. */
  readonly enough: (tally: Tally, givenUp: number) => boolean;
  /** The lowest `seq` that may still be there: looking from the very start would pass all that was removed. */
  readonly first: number;
  readonly evidence: LossReason;
  readonly alerts: LossReason;
  /** How far it may go. */
  readonly upTo: "evidence" | "updates" | "alerts";
}

/** Alerts outrank evidence; of alerts, those that raise, clear or answer outrank those that update; the old go before the new. */
export async function makeRoom(store: Store, tally: Tally, options: RoomOptions): Promise<Sacrifice> {
  const { enough, spared, first } = options;
  const ops: StoreOp[] = [];
  const lost: Loss[] = [];
  const gone = new Set<number>();
  let left = tally;
  const oldest = (range: KeyRange, from: string): AsyncIterable<Entry> => store.entries({ ...range, from });
  const dropEvidence = (seq: number, bytes: number): void => {
    ops.push(remove(evidenceKey(seq)));
    left = changed(left, "evidence", -1, -bytes);
    lost.push({ seq, reason: options.evidence });
  };
  const dropAlert = (seq: number, bytes: number): void => {
    ops.push(remove(alertKey(seq)), remove(updateKey(seq)));
    left = changed(left, "alerts", -1, -bytes);
    lost.push({ seq, reason: options.alerts });
    gone.add(seq);
  };
  const done = (): boolean => enough(left, lost.length);

  if (!done() && left.evidence.count > 0) {
    // Evidence of any age may wait longer than its alert did.
    for await (const { key, value } of oldest(EVIDENCE, EVIDENCE.from)) {
      if (done()) break;
      if (!spared("evidence", seqOf(key))) dropEvidence(seqOf(key), value.length);
    }
  }
  if (!done() && options.upTo !== "evidence") {
    for await (const { key } of oldest(UPDATES, updateKey(first))) {
      if (done()) break;
      const seq = seqOf(key);
      const alert = spared("alerts", seq) ? null : await store.get(alertKey(seq));
      if (alert !== null) dropAlert(seq, alert.length);
    }
  }
  if (!done() && options.upTo === "alerts") {
    for await (const { key, value } of oldest(ALERTS, alertKey(first))) {
      if (done()) break;
      const seq = seqOf(key);
      if (!gone.has(seq) && !spared("alerts", seq)) dropAlert(seq, value.length);
    }
  }
  return { ops, tally: left, lost };
}
