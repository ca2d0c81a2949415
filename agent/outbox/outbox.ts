import type { AlertQueue } from "../contract/alert-queue.js";
import type { VerdictPayload } from "../contract/part-payloads.js";
import type { OutboxHealth } from "../contract/payloads.js";
import type { AlertStep, PartVerdict } from "../types.js";

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

/** A verdict that has its numbers. */
export interface KeptVerdict {
  readonly payload: VerdictPayload;
  /** Among the verdicts of all cameras. */
  readonly place: number;
}

/** The details that an alert's step is added with. */
export interface AlertDetails {
  readonly evidence: Evidence | null;
  /** The note that `announce` gave, where the alert was announced. */
  readonly announced?: Announced | null;
}

/**
 * The place where alerts and verdicts get their number and wait, on disk, until the broker has them. Held by test/contracts/outbox.ts.
 * The numbers (`seq`) have no gap but those that `health` explains.
 */
export interface Outbox extends AlertQueue {
  /**
   * Numbers the alert and keeps it with its evidence. Fulfilled when the alert may be sent: it is on disk, or the disk takes
   * nothing and it is held in memory, or it was given up; both are counted. Never rejects. Numbers follow the order of the calls.
   */
  add(step: AlertStep, details: AlertDetails): Promise<void>;
  /**
   * Numbers the verdict among those of its camera and keeps it; else as `add`.
   * @param isPictured whether a picture of the part is being drawn: the verdict then names its topic
   * @returns it; null where it was given up without a number
   */
  addVerdict(part: PartVerdict, isPictured?: boolean): Promise<KeptVerdict | null>;
  /**
   * Keeps the picture of a part, whose verdict does not wait for it. Not synced: it outlives the process, and the loss of power once
   * a message that came after it is synced. What is given up is counted. Never rejects.
   */
  addPicture(of: KeptVerdict, picture: Evidence): Promise<void>;
  /** The last number of a camera's verdicts, those of earlier runs included; 0 before the first. */
  lastNumber(camera: string): number;
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
  health(): OutboxHealth;
  /** Fulfilled when everything that was added is written. Safe to call twice. */
  close(): Promise<void>;
}
