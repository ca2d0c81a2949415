import { put, type Store, type StoreOp } from "../store/store.js";
import type { Gap } from "./losses.js";
import { ALERTS, numberIn, VERDICTS, verdictIn, verdictsFrom } from "./records.js";

const ACCOUNT = "meta";

/** The number and the size of records of one kind. */
export interface Sum {
  readonly count: number;
  readonly bytes: number;
}

/** The sums of what the store holds, by kind; pictures of parts are evidence. */
export type Tally = Readonly<Record<"alert" | "evidence" | "verdict", Sum>>;

const NONE: Sum = { count: 0, bytes: 0 };
export const EMPTY: Tally = { alert: NONE, evidence: NONE, verdict: NONE };

/** The numbers of the verdicts that were handed out, or that lie in a store. */
export interface VerdictNumbers {
  /** The last place. */
  readonly place: number;
  /** The place below which no verdict waits. */
  readonly first: number;
  /** The last number of each camera. */
  readonly last: Readonly<Record<string, number>>;
}

export const NO_VERDICTS: VerdictNumbers = { place: 0, first: 0, last: {} };

/** The outbox's account of itself, written in the same batch as every change that it is about. */
export interface AccountRecord {
  /** The last number that was handed out. */
  readonly last: number;
  /** The number below which no alert waits. */
  readonly first: number;
  /** For how long an agent has run with this outbox. */
  readonly clockMs: number;
  readonly tally: Tally;
  readonly gaps: readonly Gap[];
  readonly verdicts: VerdictNumbers;
}

/** The account's record as JSON. */
interface AccountJson {
  readonly high: number;
  readonly first: number;
  readonly clockMs: number;
  readonly tally: { readonly alerts: Sum; readonly evidence: Sum; readonly verdicts?: Sum };
  readonly gaps: readonly Gap[];
  /** Absent where it was written before there were verdicts. */
  readonly verdicts?: VerdictNumbers;
}

export function putAccount({ last, tally, ...rest }: AccountRecord): StoreOp {
  const json: AccountJson = {
    ...rest,
    high: last,
    tally: { alerts: tally.alert, evidence: tally.evidence, verdicts: tally.verdict },
  };
  return put(ACCOUNT, Buffer.from(JSON.stringify(json)));
}

/** Null in a new store, and where the record is damaged. */
export async function readAccount(store: Store): Promise<AccountRecord | null> {
  const value = await store.get(ACCOUNT);
  if (value === null) return null;
  const { high, tally, verdicts = NO_VERDICTS, ...rest } = JSON.parse(Buffer.from(value).toString()) as AccountJson;
  const { alerts: alert, evidence, verdicts: verdict = NONE } = tally;
  return { ...rest, last: high, verdicts, tally: { alert, evidence, verdict } };
}

/** The last number that the store has an alert of, 0 where it has none. */
export async function lastAlertIn(store: Store): Promise<number> {
  for await (const { key } of store.entries({ ...ALERTS, reverse: true, limit: 1 })) return numberIn(key);
  return 0;
}

/** The first place of a verdict from that one on; the same where there is none. */
export async function firstPlaceIn(store: Store, from: number): Promise<number> {
  for await (const { key } of store.entries({ ...VERDICTS, from: verdictsFrom(from), limit: 1 })) {
    return verdictIn(key, 0).seq;
  }
  return from;
}

/** The verdicts' numbers as far as the records themselves have them: the account of a store was damaged. */
export async function verdictNumbersIn(store: Store): Promise<VerdictNumbers> {
  const last: Record<string, number> = {};
  let place = 0;
  for await (const { key } of store.entries(VERDICTS)) {
    const { seq, number, camera } = verdictIn(key, 0);
    place = seq;
    last[camera] = Math.max(last[camera] ?? 0, number);
  }
  return { place, first: 0, last };
}
