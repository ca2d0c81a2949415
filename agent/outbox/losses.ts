import type { outboxLosses } from "../contract/losses.js";

/** The reason why a message will never arrive; the word before the dash is its kind. */
export type LossReason = (typeof outboxLosses)[number];

/** A range of numbers that no subscriber will see, both ends included. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly reason: LossReason;
  /** With numbers of verdicts, which each camera counts by itself. */
  readonly camera?: string;
}

/** A message that was given up. */
export interface Loss {
  readonly seq: number;
  readonly reason: LossReason;
  /** With a verdict's number. */
  readonly camera?: string;
}

/** The newest gaps are listed, so many at most. Their counts are complete. */
const MOST_GAPS = 32;

/** The messages that were given up: counted since the start, and listed as gaps, which outlive a restart. */
export class Losses {
  readonly #counts: Partial<Record<LossReason, number>> = {};
  #gaps: readonly Gap[];

  constructor(gaps: readonly Gap[]) {
    this.#gaps = gaps;
  }

  /** Counts messages that had no number, or whose number arrives all the same. */
  count(reason: LossReason, messages = 1): void {
    if (messages > 0) this.#counts[reason] = (this.#counts[reason] ?? 0) + messages;
  }

  add(losses: readonly Loss[]): void {
    this.#gaps = this.gapsWith(losses);
    for (const { reason } of losses) this.count(reason);
  }

  /** The gaps as they will be once these losses are added. */
  gapsWith(losses: readonly Loss[]): readonly Gap[] {
    const gaps = [...this.#gaps];
    for (const { seq, reason, camera } of losses) {
      if (reason.startsWith("evidence")) continue;
      const near = gaps.findLastIndex(
        (gap) => gap.reason === reason && gap.camera === camera && gap.from - 1 <= seq && seq <= gap.to + 1,
      );
      const gap = gaps[near];
      if (gap === undefined) gaps.push({ from: seq, to: seq, reason, ...(camera === undefined ? {} : { camera }) });
      else gaps[near] = { ...gap, from: Math.min(gap.from, seq), to: Math.max(gap.to, seq) };
    }
    return gaps.slice(-MOST_GAPS);
  }

  /** Whether the number lies in a gap. @param camera of a verdict's number */
  holds(seq: number, camera?: string): boolean {
    return this.#gaps.some((gap) => gap.camera === camera && gap.from <= seq && seq <= gap.to);
  }

  counts(): Readonly<Record<string, number>> {
    return { ...this.#counts };
  }

  gaps(): readonly Gap[] {
    return this.#gaps;
  }
}
