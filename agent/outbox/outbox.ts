import type { Observable } from "rxjs";
import type { AlertPayload, OutboxHealth } from "../contract/payloads.js";
import type { AlertStep } from "../types.js";

/** The picture that shows what an alert is about. */
export interface Evidence {
  readonly jpeg: Uint8Array;
  /** The hash of the JPEG, in hexadecimal. */
  readonly sha256: string;
}

/** The name of the note on disk of an alert that was announced. */
export interface Announced {
  readonly key: string;
}

/** What an alert's step is added with. */
export interface AlertDetails {
  readonly evidence: Evidence | null;
  /** The note that `announce` gave, where the alert was announced. */
  readonly announced?: Announced | null;
}

/** An alert message that the broker does not have. */
export interface WaitingAlert {
  readonly kind: "alert";
  readonly seq: number;
  readonly payload: AlertPayload;
  /** The size of its record. */
  readonly bytes: number;
}

/** A picture that the broker does not have. */
export interface WaitingEvidence {
  readonly kind: "evidence";
  /** The number of the alert message that it belongs to. */
  readonly seq: number;
  /** The topic without `T/`. */
  readonly topic: string;
  readonly jpeg: Uint8Array;
  /** The size of its record. */
  readonly bytes: number;
}

export type WaitingMessage = WaitingAlert | WaitingEvidence;

export type Kind = WaitingMessage["kind"];

/**
 * The place where alerts get their number and wait, on disk, until the broker has them. Held by test/contracts/outbox.ts.
 * The numbers (`seq`) have no gap but those that `health` explains.
 */
export interface Outbox {
  /**
   * Numbers the alert and keeps it with its evidence. Fulfilled when the alert may be sent: it is on disk, or the disk takes
   * nothing and it is held in memory, or it was given up; both are counted. Never rejects. Numbers follow the order of the calls.
   */
  add(step: AlertStep, details: AlertDetails): Promise<void>;
  /**
   * Notes on disk that the alert will be added as soon as it has its picture: after a kill before then, `recover` adds it
   * without. Null once the outbox is being closed.
   */
  announce(step: AlertStep): Announced | null;
  /**
   * Adds what a run that was cut short still owes to subscribers: alerts that were announced, and the end of those that stood.
   * To be called once, before anything is added. @returns how many alerts were added
   */
  recover(): Promise<number>;
  /** Each alert once it may be sent. */
  readonly added$: Observable<AlertPayload>;
  /** The last `seq` that may be sent, 0 before the first. */
  last(): number;
  /**
   * The alerts that wait with a `seq` above `after`, in its order. They are in flight from now on, and so never given up, until
   * they are `delivered`, `refused` or `released`.
   */
  alerts(after: number, limit: number): Promise<readonly WaitingAlert[]>;
  /** The first picture that waits and whose alert's `seq` is above `after` and below `before`; in flight from now on. */
  evidence(after: number, before: number): Promise<WaitingEvidence | null>;
  /** The broker has the message: it is removed. */
  delivered(message: WaitingMessage): void;
  /** The broker will never take the message: it is removed and counted as lost. */
  refused(message: WaitingMessage): void;
  /** The connection is gone: what was in flight waits again. */
  released(): void;
  health(): OutboxHealth;
  /** Fulfilled when everything that was added is written. Safe to call twice. */
  close(): Promise<void>;
}
