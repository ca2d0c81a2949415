import type { WaitingAlert } from "../contract/alert-queue.js";
import type { AlertStep } from "../types.js";
import { bounded } from "./eviction.js";
import type { Losses } from "./losses.js";
import type { AlertDetails } from "./outbox.js";
import type { Filed, Numbered, Times } from "./records.js";

/** An alert that is to be kept and has no number yet. */
export interface PendingAlert {
  readonly step: AlertStep;
  readonly details: AlertDetails;
  readonly times: Times;
  /** Called when the alert may be sent, or is given up. */
  readonly settle: () => void;
}

/** The disk has not answered for these: they are few, unless it hangs. */
const MOST_UNNUMBERED = 5_000;
const MOST_EVIDENCE_BYTES = 67_108_864;
/** The disk took none of these. */
const MOST_UNDURABLE = 5_000;

/**
 * The alerts that are in memory alone: those that wait for their number, in the order they came, and those that have one, may be
 * sent, and are not on disk, as it takes nothing. What is given up before it has a number leaves no gap.
 */
export class Pending {
  readonly #losses: Losses;
  #unnumbered: PendingAlert[] = [];
  #evidenceBytes = 0;
  /** By `seq`, all above those on disk. */
  #undurable: readonly Numbered[] = [];

  constructor(losses: Losses) {
    this.#losses = losses;
  }

  get count(): number {
    return this.#unnumbered.length + this.#undurable.length;
  }

  get hasUnnumbered(): boolean {
    return this.#unnumbered.length > 0;
  }

  get undurable(): readonly Numbered[] {
    return this.#undurable;
  }

  /** The times of the oldest; null while nothing is pending. */
  get oldest(): Times | null {
    return (this.#undurable[0] ?? this.#unnumbered[0])?.times ?? null;
  }

  /** Queues an alert. @returns those that were given up for it */
  add(alert: PendingAlert): readonly PendingAlert[] {
    const bytes = bytesOf(alert);
    const fits = bytes === 0 || this.#evidenceBytes + bytes <= MOST_EVIDENCE_BYTES;
    if (!fits) this.#losses.count("evidence-memory");
    this.#unnumbered.push(fits ? alert : { ...alert, details: { ...alert.details, evidence: null } });
    this.#evidenceBytes += fits ? bytes : 0;
    if (this.#unnumbered.length <= MOST_UNNUMBERED) return [];
    const { kept, dropped } = bounded(this.#unnumbered, MOST_UNNUMBERED, ({ step }) => step.phase);
    this.#unnumbered = [...kept];
    this.#losses.count("alert-memory", dropped.length);
    for (const each of dropped) {
      this.#evidenceBytes -= bytesOf(each);
      each.settle();
    }
    return dropped;
  }

  /** Takes the next that have no number, no more than that many and not much more than that many bytes of evidence. */
  take(most: number, mostBytes: number): readonly PendingAlert[] {
    let bytes = 0;
    let end = 0;
    while (end < Math.min(most, this.#unnumbered.length) && bytes < mostBytes) {
      bytes += bytesOf(this.#unnumbered[end]!);
      end += 1;
    }
    this.#evidenceBytes -= bytes;
    return this.#unnumbered.splice(0, end);
  }

  /** Holds messages that the disk did not take, in place of those before. @returns what is held: the rest is given up */
  hold(messages: readonly Numbered[]): readonly Numbered[] {
    const { kept, dropped } = bounded(messages, MOST_UNDURABLE, ({ payload }) => payload.phase);
    this.#losses.add(dropped.map(({ seq }) => ({ seq, reason: "alert-memory" })));
    this.#undurable = kept;
    return kept;
  }

  /** Forgets alerts that the broker has. @returns those of them that were held here, and so have no records to remove */
  forget(arrived: readonly Filed[]): readonly Filed[] {
    const held = new Set(this.#undurable.map(({ seq }) => seq));
    const gone = arrived.filter(({ kind, seq }) => kind === "alert" && held.has(seq));
    const seqs = new Set(gone.map(({ seq }) => seq));
    this.#undurable = this.#undurable.filter(({ seq }) => !seqs.has(seq));
    return gone;
  }
}

/** The messages in memory of a range of numbers, both ends included. */
export function waitingAmong(undurable: readonly Numbered[], from: number, upTo: number): readonly WaitingAlert[] {
  return undurable
    .filter(({ seq }) => from <= seq && seq <= upTo)
    .map(({ seq, payload, alert }) => ({ kind: "alert", seq, payload, bytes: alert.length }));
}

function bytesOf({ details: { evidence } }: PendingAlert): number {
  return evidence?.jpeg.length ?? 0;
}
