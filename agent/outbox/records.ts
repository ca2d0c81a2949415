import { type AlertPayload, alertPayload } from "../contract/payloads.js";
import { topics } from "../contract/topics.js";
import { prefixed, put, remove, type StoreOp } from "../store/store.js";
import type { AlertStep } from "../types.js";
import type { AlertDetails, WaitingAlert, WaitingEvidence } from "./outbox.js";

/**
 * How the outbox lies in its store: `a/<seq>` alerts, `e/<seq>` evidence, `u/<seq>` a mark on alerts that only update,
 * `n/<n>` alerts announced, `s/<alert id>` alerts that stand.
 */

const digits = (seq: number): string => String(seq).padStart(16, "0");
export const alertKey = (seq: number): string => `a/${digits(seq)}`;
export const evidenceKey = (seq: number): string => `e/${digits(seq)}`;
export const announcedKey = (n: number): string => `n/${digits(n)}`;
export const standingKey = (alertId: string): string => `s/${alertId}`;
export const updateKey = (seq: number): string => `u/${digits(seq)}`;
export const ALERTS = prefixed("a/");
export const EVIDENCE = prefixed("e/");
export const ANNOUNCED = prefixed("n/");
export const STANDING = prefixed("s/");
export const UPDATES = prefixed("u/");
export const META = "meta";

export const seqOf = (key: string): number => Number(key.slice(2));

/** When something was added: by the outbox's own clock, and by the wall's. */
export interface Times {
  readonly atMs: number;
  readonly wallMs: number;
}

/** An alert message, and its evidence, as they are written. */
export interface Kept {
  readonly seq: number;
  readonly payload: AlertPayload;
  readonly times: Times;
  readonly alert: Uint8Array;
  readonly evidence: Uint8Array | null;
  /** Whether the alert stands after it, null where it changes nothing. */
  readonly standing: StoreOp | null;
}

/** A note of an alert's step. The calibration lies beside the step, as it has since the first version. */
export function told({ calibration, ...step }: AlertStep, times: Times): Uint8Array {
  return Buffer.from(JSON.stringify({ ...times, step, calibration }));
}

export function readTold(value: Uint8Array): { step: AlertStep; times: Times } {
  const { step, calibration, atMs, wallMs } = JSON.parse(Buffer.from(value).toString()) as Times & {
    step: Omit<AlertStep, "calibration">;
    calibration: string | null;
  };
  return { step: { ...step, calibration }, times: { atMs, wallMs } };
}

/** Null where a step changes nothing about it. */
export function standsAfter({ phase }: AlertStep): boolean | null {
  if (phase === "raised" || phase === "updated") return true;
  return phase === "cleared" ? false : null;
}

/** @param base `T`: evidence is named with its whole topic, for whoever reads the alert without knowing the agent */
export function keptOf(step: AlertStep, details: AlertDetails, seq: number, times: Times, base: string): Kept {
  const { evidence } = details;
  const topic = topics.evidence(step.camera, step.id);
  const named = evidence && { topic: `${base}/${topic}`, sha256: evidence.sha256, bytes: evidence.jpeg.length };
  const payload = alertPayload(step, { seq, evidence: named });
  const stands = standsAfter(step);
  const key = standingKey(step.id);
  return {
    seq,
    payload,
    times,
    alert: Buffer.from(JSON.stringify({ ...times, payload })),
    standing: stands === null ? null : stands ? put(key, told(step, times)) : remove(key),
    evidence: evidence && Buffer.concat([Buffer.from(`${JSON.stringify({ ...times, topic })}\n`), evidence.jpeg]),
  };
}

export function withoutEvidence(kept: Kept): Kept {
  const payload = { ...kept.payload, evidence: null };
  return { ...kept, payload, evidence: null, alert: Buffer.from(JSON.stringify({ ...kept.times, payload })) };
}

export function readAlert(key: string, value: Uint8Array): WaitingAlert & Times {
  const { payload, atMs, wallMs } = JSON.parse(Buffer.from(value).toString()) as Times & { payload: AlertPayload };
  return { kind: "alert", seq: seqOf(key), payload, bytes: value.length, atMs, wallMs };
}

export function readEvidence(key: string, value: Uint8Array): WaitingEvidence & Times {
  const end = value.indexOf(10);
  const { topic, atMs, wallMs } = JSON.parse(Buffer.from(value.subarray(0, end)).toString()) as Times & {
    topic: string;
  };
  return { kind: "evidence", seq: seqOf(key), topic, jpeg: value.subarray(end + 1), bytes: value.length, atMs, wallMs };
}
