import type { Store, StoreOp } from "../store/store.js";
import { put } from "../store/store.js";
import type { Gap } from "./losses.js";
import { ALERTS, EVIDENCE, META, seqOf } from "./records.js";

/** What the outbox's store holds, kept up to date in the batches that change it, so that opening need not read it all. */
export interface Tally {
  readonly alerts: { readonly count: number; readonly bytes: number };
  readonly evidence: { readonly count: number; readonly bytes: number };
}

export type Kind = keyof Tally;

export const empty: Tally = { alerts: { count: 0, bytes: 0 }, evidence: { count: 0, bytes: 0 } };

export function bytesOf({ alerts, evidence }: Tally): number {
  return alerts.bytes + evidence.bytes;
}

/** @param count below zero: removed */
export function changed(tally: Tally, kind: Kind, count: number, bytes: number): Tally {
  const before = tally[kind];
  return { ...tally, [kind]: { count: before.count + count, bytes: before.bytes + bytes } };
}

/** All of it read once: after damage, or when the tally turns out to be wrong. */
export async function count(store: Store): Promise<{ readonly tally: Tally; readonly seqs: readonly number[] }> {
  let tally = empty;
  const seqs: number[] = [];
  for await (const { key, value } of store.entries(ALERTS)) {
    tally = changed(tally, "alerts", 1, value.length);
    seqs.push(seqOf(key));
  }
  for await (const { value } of store.entries(EVIDENCE)) tally = changed(tally, "evidence", 1, value.length);
  return { tally, seqs };
}

/** The outbox's own notes, in the same batch as what they are about. */
export interface Meta {
  /** The last `seq` given out. */
  readonly high: number;
  /** Below this one nothing waits. */
  readonly first: number;
  /** For how long an agent has run with this outbox, see age.ts. */
  readonly clockMs: number;
  readonly tally: Tally;
  readonly gaps: readonly Gap[];
}

export function putMeta(meta: Meta): StoreOp {
  return put(META, Buffer.from(JSON.stringify(meta)));
}

export async function readMeta(store: Store): Promise<Meta | null> {
  const value = await store.get(META);
  return value === null ? null : (JSON.parse(Buffer.from(value).toString()) as Meta);
}
