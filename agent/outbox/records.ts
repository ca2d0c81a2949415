import { alertPayload } from "../contract/alert-payload.js";
import type { WaitingAlert, WaitingEvidence, WaitingMessage, WaitingVerdict } from "../contract/alert-queue.js";
import type { VerdictPayload } from "../contract/part-payloads.js";
import type { AlertPayload } from "../contract/payloads.js";
import { topics } from "../contract/topics.js";
import { prefixed, type StoreOp } from "../store/store.js";
import type { AlertStep } from "../types.js";
import type { Evidence } from "./outbox.js";

/**
 * The outbox's records as they lie in its store; docs/on-disk.md describes them for operators, test/fixtures/outbox-v1 holds some.
 * `a/<seq>` an alert, `e/<seq>` its evidence, `v/<place>/<seq>/<camera>` a verdict, by its place among those of all cameras, `p/<place>` its picture, `u/<seq>` an empty mark on an alert that only updates, `n/<n>` the note of an alert
 * that was announced, `s/<alert id>` the note of an alert that stands, `meta` the account.
 */
const digits = (seq: number): string => String(seq).padStart(16, "0");
export const alertKey = (seq: number): string => `a/${digits(seq)}`;
export const evidenceKey = (seq: number): string => `e/${digits(seq)}`;
export const pictureKey = (place: number): string => `p/${digits(place)}`;
/** Where the verdicts from a place on begin. */
export const verdictsFrom = (place: number): string => `v/${digits(place)}`;
export const verdictKey = ({ seq, number, camera }: FiledVerdict): string => `${verdictsFrom(seq)}/${number}/${camera}`;
export const updateKey = (seq: number): string => `u/${digits(seq)}`;
export const announcedKey = (n: number): string => `n/${digits(n)}`;
export const standingKey = (alertId: string): string => `s/${alertId}`;
export const ALERTS = prefixed("a/");
export const EVIDENCE = prefixed("e/");
export const VERDICTS = prefixed("v/");
export const PICTURES = prefixed("p/");
export const UPDATES = prefixed("u/");
export const ANNOUNCED = prefixed("n/");
export const STANDING = prefixed("s/");

export const numberIn = (key: string): number => Number(key.slice(2));

/** The verdict that a key belongs to. @param bytes of its record */
export function verdictIn(key: string, bytes: number): FiledVerdict {
  const [, place, number, camera] = /^v\/(\d+)\/(\d+)\/(.*)$/s.exec(key)!;
  return { kind: "verdict", seq: Number(place), number: Number(number), camera: camera!, bytes };
}

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

/** A verdict with its numbers, as it is written. */
export interface NumberedVerdict {
  /** Its place. */
  readonly seq: number;
  readonly payload: VerdictPayload;
  readonly times: Times;
  readonly record: Uint8Array;
}

export function numberedVerdict(payload: VerdictPayload, place: number, times: Times): NumberedVerdict {
  return { seq: place, payload, times, record: Buffer.from(JSON.stringify({ ...times, payload })) };
}

/** The picture of a part, as it is written. */
export interface NumberedPicture {
  /** The place of its verdict. */
  readonly seq: number;
  readonly record: Uint8Array;
}

/** @param topic without `T/` */
export function evidenceRecord(topic: string, jpeg: Uint8Array, times: Times): Uint8Array {
  return Buffer.concat([Buffer.from(`${JSON.stringify({ ...times, topic })}\n`), jpeg]);
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
    evidence: evidence && evidenceRecord(topic, evidence.jpeg, times),
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

export function readVerdict(key: string, value: Uint8Array): Stored<WaitingVerdict> {
  const { payload, ...times } = JSON.parse(Buffer.from(value).toString()) as Times & { payload: VerdictPayload };
  return { message: { kind: "verdict", seq: numberOf(key), payload, bytes: value.length }, times };
}

const numberOf = (key: string): number => verdictIn(key, 0).seq;

export function readEvidence(key: string, value: Uint8Array): Stored<WaitingEvidence> {
  const end = value.indexOf(10);
  const { topic, ...times } = JSON.parse(Buffer.from(value.subarray(0, end)).toString()) as Times & { topic: string };
  const jpeg = value.subarray(end + 1);
  const kind = key.startsWith("p/") ? "picture" : "evidence";
  return { message: { kind, seq: numberIn(key), topic, jpeg, bytes: value.length }, times };
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

/** A message's place in the store. */
export type Filed = FiledVerdict | FiledAlert;

interface FiledAlert {
  readonly kind: "alert" | "evidence" | "picture";
  readonly seq: number;
  /** The size of its record. */
  readonly bytes: number;
}

interface FiledVerdict {
  readonly kind: "verdict";
  /** Its place. */
  readonly seq: number;
  readonly camera: string;
  /** Its number among those of its camera. */
  readonly number: number;
  readonly bytes: number;
}

export function filed(message: WaitingMessage): Filed {
  const { kind, seq, bytes } = message;
  if (kind !== "verdict") return { kind, seq, bytes };
  return { kind, seq, bytes, camera: message.payload.camera, number: message.payload.seq };
}
