import { put, remove, type Store, type StoreOp } from "../store/store.js";
import { EMPTY, type Tally } from "./account-record.js";
import type { Loss } from "./losses.js";
import {
  ALERTS,
  alertKey,
  EVIDENCE,
  evidenceKey,
  type Filed,
  type Numbered,
  type NumberedPicture,
  type NumberedVerdict,
  numberIn,
  PICTURES,
  pictureKey,
  updateKey,
  VERDICTS,
  verdictIn,
  verdictKey,
} from "./records.js";

/** What a store holds, and the numbers of its alerts and verdicts in their order. */
export interface Census {
  readonly tally: Tally;
  readonly seqs: ReadonlySet<number>;
  /** By camera. */
  readonly verdicts: ReadonlyMap<string, ReadonlySet<number>>;
}

/** Reads everything. */
export async function census(store: Store): Promise<Census> {
  const found = new Change(EMPTY);
  const seqs = new Set<number>();
  const verdicts = new Map<string, Set<number>>();
  for await (const { key, value } of store.entries(ALERTS)) {
    found.add("alert", value.length);
    seqs.add(numberIn(key));
  }
  for (const range of [EVIDENCE, PICTURES]) {
    for await (const { value } of store.entries(range)) found.add("evidence", value.length);
  }
  for await (const { key, value } of store.entries(VERDICTS)) {
    const { camera, number, bytes } = verdictIn(key, value.length);
    found.add("verdict", bytes);
    verdicts.set(camera, (verdicts.get(camera) ?? new Set()).add(number));
  }
  return { tally: found.tally, seqs, verdicts };
}

/** The size of all that is counted. */
export function bytesIn({ alert, evidence, verdict }: Tally): number {
  return alert.bytes + evidence.bytes + verdict.bytes;
}

/** A message's loss, by the number that subscribers know. */
export function lossOf(message: Filed, cause: Cause | "refused"): Loss {
  const { seq } = message;
  if (message.kind !== "verdict") return { seq, reason: `${message.kind === "alert" ? "alert" : "evidence"}-${cause}` };
  return { seq: message.number, camera: message.camera, reason: `verdict-${cause}` };
}

/** Why the outbox gives messages up of its own accord; see LossReason. */
export type Cause = "room" | "disk" | "age";

/** A batch in the making: its operations, what the store holds after it, and what is lost by it. */
export class Change {
  readonly ops: StoreOp[];
  readonly lost: Loss[] = [];
  tally: Tally;

  constructor(tally: Tally, ops: readonly StoreOp[] = []) {
    this.tally = tally;
    this.ops = [...ops];
  }

  get bytes(): number {
    return bytesIn(this.tally);
  }

  /** Writes a verdict. */
  keepVerdict({ seq, payload, record }: NumberedVerdict): void {
    const { camera, seq: number } = payload;
    this.ops.push(put(verdictKey({ kind: "verdict", seq, number, camera, bytes: record.length }), record));
    this.add("verdict", record.length);
  }

  /** Writes the picture of a part. */
  keepPicture({ seq, record }: NumberedPicture): void {
    this.ops.push(put(pictureKey(seq), record));
    this.add("evidence", record.length);
  }

  /** Writes a message, its evidence and its notes. */
  keep({ seq, payload, alert, evidence, notes }: Numbered): void {
    this.ops.push(...notes, put(alertKey(seq), alert));
    if (payload.phase === "updated") this.ops.push(put(updateKey(seq), new Uint8Array(0)));
    this.add("alert", alert.length);
    if (evidence === null) return;
    this.ops.push(put(evidenceKey(seq), evidence));
    this.add("evidence", evidence.length);
  }

  remove(message: Filed): void {
    const { kind, seq, bytes } = message;
    if (message.kind === "verdict") this.ops.push(remove(verdictKey(message)));
    else if (kind === "evidence") this.ops.push(remove(evidenceKey(seq)));
    else if (kind === "picture") this.ops.push(remove(pictureKey(seq)));
    else this.ops.push(remove(alertKey(seq)), remove(updateKey(seq)));
    this.add(kind === "picture" ? "evidence" : kind, -bytes, -1);
  }

  /** Removes a message that the broker does not have. */
  giveUp(message: Filed, cause: Cause): void {
    this.remove(message);
    this.lost.push(lossOf(message, cause));
  }

  /** Counts a record. */
  add(kind: keyof Tally, bytes: number, count = 1): void {
    const before = this.tally[kind];
    this.tally = { ...this.tally, [kind]: { count: before.count + count, bytes: before.bytes + bytes } };
  }
}
