import type { Observable } from "rxjs";
import type { AlertPayload, OutboxHealth } from "../contract/payloads.js";
import type { AlertStep } from "../types.js";

/** The picture that shows what an alert is about. */
export interface Evidence {
  readonly jpeg: Uint8Array;
  /** Of the JPEG, in hexadecimal. */
  readonly sha256: string;
}

/** An alert that will be added, by its note in the outbox. */
export interface Announced {
  readonly key: string;
}

export interface AlertDetails {
  readonly evidence: Evidence | null;
  /** Where it was announced before. */
  readonly announced?: Announced | null;
}

export interface WaitingAlert {
  readonly kind: "alert";
  readonly seq: number;
  readonly payload: AlertPayload;
  /** What it takes in the outbox. */
  readonly bytes: number;
}

export interface WaitingEvidence {
  readonly kind: "evidence";
  /** Of the alert message that it belongs to. */
  readonly seq: number;
  /** Without `T/`. */
  readonly topic: string;
  readonly jpeg: Uint8Array;
  readonly bytes: number;
}

/** Where alerts get their `seq`, and wait, on disk, until the broker has them. */
export interface Outbox {
  /**
   * Numbers the alert and keeps it with its evidence. Resolves when it may be sent: it is on disk, or cannot be and is held
   * in memory, or was given up; both are counted. Never rejects. Numbers come in the order of the calls.
   */
  add(step: AlertStep, details: AlertDetails): Promise<void>;
  /**
   * Notes on disk that the alert will be added, when it has its picture: after a kill until then, `adopt` adds it without.
   * Null once the outbox is being closed.
   */
  announce(step: AlertStep): Announced | null;
  /** Adds what a former life owes, see left.ts. To be called once, before anything is added. @returns how many */
  adopt(): Promise<number>;
  /** Each alert once it is kept, and may be sent. */
  readonly added$: Observable<AlertPayload>;
  /** The last `seq` that may be sent, 0 before the first. */
  last(): number;
  /** What waits after that `seq`, in its order; it is not given up until `delivered` or `released`. */
  alerts(after: number, limit: number): Promise<readonly WaitingAlert[]>;
  /** The first evidence whose alert's `seq` is above `after` and below `before`. */
  evidence(after: number, before: number): Promise<WaitingEvidence | null>;
  /** The broker has it: it is forgotten. */
  delivered(what: WaitingAlert | WaitingEvidence): void;
  /** The broker will never take it. */
  refused(what: WaitingAlert | WaitingEvidence): void;
  /** Nobody is sending any more: what was handed out waits again. */
  released(): void;
  health(): OutboxHealth;
  /** When everything said so far is written. Safe to call twice. */
  close(): Promise<void>;
}
