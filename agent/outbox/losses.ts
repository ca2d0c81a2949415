import type { outboxLosses } from "../contract/losses.js";

/** Why something will never arrive. */
export type LossReason = (typeof outboxLosses)[number];

/** Numbers that no subscriber will see, both ends included. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly reason: LossReason;
}

export interface Loss {
  readonly seq: number;
  readonly reason: LossReason;
}

/** The newest that are told; counts go on. */
const GAPS = 32;

/** What was given up: counted since the start; the numbers that are missing are told across restarts. */
export class Losses {
  readonly #counts: Partial<Record<LossReason, number>> = {};
  #gaps: readonly Gap[];

  constructor(gaps: readonly Gap[]) {
    this.#gaps = gaps;
  }

  count(reason: LossReason, messages = 1): void {
    if (messages > 0) this.#counts[reason] = (this.#counts[reason] ?? 0) + messages;
  }

  add(losses: readonly Loss[]): void {
    this.#gaps = this.gapsWith(losses);
    for (const { reason } of losses) this.count(reason);
  }

  /** As they would be, for what is not yet certain. */
  gapsWith(losses: readonly Loss[]): readonly Gap[] {
    const gaps = [...this.#gaps];
    for (const { seq, reason } of losses) {
      if (reason.startsWith("evidence")) continue;
      const near = gaps.findLastIndex((gap) => gap.reason === reason && gap.from - 1 <= seq && seq <= gap.to + 1);
      const gap = gaps[near];
      if (gap === undefined) gaps.push({ from: seq, to: seq, reason });
      else gaps[near] = { from: Math.min(gap.from, seq), to: Math.max(gap.to, seq), reason };
    }
    return gaps.slice(-GAPS);
  }

  holds(seq: number): boolean {
    return this.#gaps.some(({ from, to }) => from <= seq && seq <= to);
  }

  counts(): Readonly<Record<string, number>> {
    return { ...this.#counts };
  }

  gaps(): readonly Gap[] {
    return this.#gaps;
  }
}
