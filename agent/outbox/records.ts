import type { WaitingAlert, WaitingEvidence, WaitingMessage } from "../contract/alert-queue.js";
import { type AlertPayload, alertPayload } from "../contract/payloads.js";
import { topics } from "../contract/topics.js";
import { prefixed, put, remove, type Store, type StoreOp } from "../store/store.js";
import type { AlertStep } from "../types.js";
import type { Gap, Loss } from "./losses.js";
import type { Evidence } from "./outbox.js";

/**
 * The outbox's records as they lie in its store; docs/on-disk.md describes them for operators, test/fixtures/outbox-v1 holds some.
 * `a/<seq>` an alert, `e/<seq>` its evidence, `u/<seq>` an empty mark on an alert that only updates, `n/<n>` the note of an alert
 * that was announced, `s/<alert id>` the note of an alert that stands, `meta` the account.
 */
const digits = (seq: number): string => String(seq).padStart(16, "0");
export const alertKey = (seq: number): string => `a/${digits(seq)}`;
export const evidenceKey = (seq: number): string => `e/${digits(seq)}`;
export const updateKey = (seq: number): string => `u/${digits(seq)}`;
export const announcedKey = (n: number): string => `n/${digits(n)}`;
export const standingKey = (alertId: string): string => `s/${alertId}`;
export const ALERTS = prefixed("a/");
export const EVIDENCE = prefixed("e/");
export const UPDATES = prefixed("u/");
export const ANNOUNCED = prefixed("n/");
export const STANDING = prefixed("s/");
const ACCOUNT = "meta";

export const numberIn = (key: string): number => Number(key.slice(2));

/** The moment at which a message was added. */
export interface Times {
  /** By the account's clock, which counts the time that an agent ran with this outbox. */
  readonly atMs: number;
  /** By the wall clock, epoch milliseconds. */
  readonly wallMs: number;
}

/** An alert message with its number, and its evidence, as they are written. */
export interface Numbered {
  readonly seq: number;
  readonly payload: AlertPayload;
  readonly times: Times;
  readonly alert: Uint8Array;
  readonly evidence: Uint8Array | null;
  /** Operations on the write-ahead notes that go with it. */
  readonly notes: readonly StoreOp[];
}

export interface NumberedOptions {
  readonly seq: number;
  readonly times: Times;
  readonly notes: readonly StoreOp[];
  /** `T`: an alert names its evidence by the whole topic, for readers that do not know the agent. */
  readonly base: string;
}

export function numbered(
  step: AlertStep,
  evidence: Evidence | null,
  { seq, times, notes, base }: NumberedOptions,
): Numbered {
  const topic = topics.evidence(step.camera, step.id);
  const named = evidence && { topic: `${base}/${topic}`, sha256: evidence.sha256, bytes: evidence.jpeg.length };
  const payload = alertPayload(step, { seq, evidence: named });
  return {
    seq,
    payload,
    times,
    notes,
    alert: alertRecord(payload, times),
    evidence: evidence && Buffer.concat([Buffer.from(`${JSON.stringify({ ...times, topic })}\n`), evidence.jpeg]),
  };
}

export function withoutEvidence(message: Numbered): Numbered {
  const payload = { ...message.payload, evidence: null };
  return { ...message, payload, evidence: null, alert: alertRecord(payload, message.times) };
}

function alertRecord(payload: AlertPayload, times: Times): Uint8Array {
  return Buffer.from(JSON.stringify({ ...times, payload }));
}

/** A message as it was read. */
export interface Stored<T extends WaitingMessage = WaitingMessage> {
  readonly message: T;
  readonly times: Times;
}

export function readAlert(key: string, value: Uint8Array): Stored<WaitingAlert> {
  const { payload, ...times } = JSON.parse(Buffer.from(value).toString()) as Times & { payload: AlertPayload };
  return { message: { kind: "alert", seq: numberIn(key), payload, bytes: value.length }, times };
}

export function readEvidence(key: string, value: Uint8Array): Stored<WaitingEvidence> {
  const end = value.indexOf(10);
  const { topic, ...times } = JSON.parse(Buffer.from(value.subarray(0, end)).toString()) as Times & { topic: string };
  const jpeg = value.subarray(end + 1);
  return { message: { kind: "evidence", seq: numberIn(key), topic, jpeg, bytes: value.length }, times };
}

/** The note of an alert's step. Its calibration lies beside it, where version 0.1 had it. */
export function note({ calibration, ...step }: AlertStep, times: Times): Uint8Array {
  return Buffer.from(JSON.stringify({ ...times, step, calibration }));
}

export function readNote(value: Uint8Array): { readonly step: AlertStep; readonly times: Times } {
  const { step, calibration, atMs, wallMs } = JSON.parse(Buffer.from(value).toString()) as Times & {
    step: Omit<AlertStep, "calibration">;
    calibration: string | null;
  };
  return { step: { ...step, calibration }, times: { atMs, wallMs } };
}

/** The number and the size of records of one kind. */
export interface Sum {
  readonly count: number;
  readonly bytes: number;
}

/** The sums of what the store holds, by kind. */
export type Tally = Readonly<Record<WaitingMessage["kind"], Sum>>;

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
}

/** The account's record as JSON. */
interface AccountJson {
  readonly high: number;
  readonly first: number;
  readonly clockMs: number;
  readonly tally: { readonly alerts: Sum; readonly evidence: Sum };
  readonly gaps: readonly Gap[];
}

export function putAccount({ last, tally, ...rest }: AccountRecord): StoreOp {
  const json: AccountJson = { ...rest, high: last, tally: { alerts: tally.alert, evidence: tally.evidence } };
  return put(ACCOUNT, Buffer.from(JSON.stringify(json)));
}

/** Null in a new store, and where the record is damaged. */
export async function readAccount(store: Store): Promise<AccountRecord | null> {
  const value = await store.get(ACCOUNT);
  if (value === null) return null;
  const { high, tally, ...rest } = JSON.parse(Buffer.from(value).toString()) as AccountJson;
  return { ...rest, last: high, tally: { alert: tally.alerts, evidence: tally.evidence } };
}

/** The last number that the store has an alert of, 0 where it has none. */
export async function lastAlertIn(store: Store): Promise<number> {
  for await (const { key } of store.entries({ ...ALERTS, reverse: true, limit: 1 })) return numberIn(key);
  return 0;
}

/** A message's place in the store. */
export interface Filed {
  readonly kind: WaitingMessage["kind"];
  readonly seq: number;
  /** The size of its record. */
  readonly bytes: number;
}

export const EMPTY: Tally = { alert: { count: 0, bytes: 0 }, evidence: { count: 0, bytes: 0 } };

/** Reads everything. @returns what is there, and the numbers of the alerts in their order */
export async function census(store: Store): Promise<{ readonly tally: Tally; readonly seqs: ReadonlySet<number> }> {
  const found = new Change(EMPTY);
  const seqs = new Set<number>();
  for await (const { key, value } of store.entries(ALERTS)) {
    found.add("alert", value.length);
    seqs.add(numberIn(key));
  }
  for await (const { value } of store.entries(EVIDENCE)) found.add("evidence", value.length);
  return { tally: found.tally, seqs };
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
    return this.tally.alert.bytes + this.tally.evidence.bytes;
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

  remove({ kind, seq, bytes }: Filed): void {
    if (kind === "evidence") this.ops.push(remove(evidenceKey(seq)));
    else this.ops.push(remove(alertKey(seq)), remove(updateKey(seq)));
    this.add(kind, -bytes, -1);
  }

  /** Removes a message that the broker does not have. */
  giveUp(message: Filed, cause: Cause): void {
    this.remove(message);
    this.lost.push({ seq: message.seq, reason: `${message.kind}-${cause}` });
  }

  /** Counts a record. */
  add(kind: WaitingMessage["kind"], bytes: number, count = 1): void {
    const before = this.tally[kind];
    this.tally = { ...this.tally, [kind]: { count: before.count + count, bytes: before.bytes + bytes } };
  }
}
