import type { Observable } from "rxjs";
import type { VerdictPayload } from "./part-payloads.js";
import type { AlertPayload } from "./payloads.js";

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
  /** `picture`: of a part. */
  readonly kind: "evidence" | "picture";
  /** The number of the alert message that it belongs to; of a part, the place of its verdict. */
  readonly seq: number;
  /** The topic without `T/`. */
  readonly topic: string;
  readonly jpeg: Uint8Array;
  /** The size of its record. */
  readonly bytes: number;
}

/** A verdict that the broker does not have. */
export interface WaitingVerdict {
  readonly kind: "verdict";
  /** Its place among the verdicts of all cameras; its payload has the camera's own number. */
  readonly seq: number;
  readonly payload: VerdictPayload;
  /** The size of its record. */
  readonly bytes: number;
}

export type WaitingMessage = WaitingAlert | WaitingEvidence | WaitingVerdict;

/** The port between the outbox and whoever brings its alerts and verdicts to the broker. Held by test/contracts/outbox.ts. */
export interface AlertQueue {
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
  /** Each verdict once it may be sent. */
  readonly judged$: Observable<VerdictPayload>;
  /** The last place of a verdict that may be sent, 0 before the first. */
  lastVerdict(): number;
  /** The verdicts of all cameras that wait behind a place, in the order of their places; in flight from now on, as alerts are. */
  verdicts(after: number, limit: number): Promise<readonly WaitingVerdict[]>;
  /** The place of each part's verdict whose picture may be sent from now on: it comes when the verdict is on its way, or there. */
  readonly pictured$: Observable<number>;
  /** As `evidence`, of parts: by the places of their verdicts. */
  pictures(after: number, before: number): Promise<WaitingEvidence | null>;
  /** The broker has the message: it is removed. */
  delivered(message: WaitingMessage): void;
  /** The broker will never take the message: it is removed and counted as lost. */
  refused(message: WaitingMessage): void;
  /** The connection is gone: what was in flight waits again. */
  released(): void;
}
