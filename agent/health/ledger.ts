import type { FrameHealth } from "../contract/payloads.js";
import type { DropReason } from "../types.js";

/** At any moment: captured = scored + the sum of dropped + failed + inFlight. */
export interface FrameCounts {
  readonly captured: number;
  readonly scored: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  readonly failed: number;
  readonly inFlight: number;
}

/** Latencies kept for an interval's percentiles; past it the oldest are overwritten. */
const MAX_SAMPLES = 8_192;

/** The account of one camera's frames: every frame that was captured is somewhere in it. */
export class Ledger {
  #scored = 0;
  #failed = 0;
  #inFlight = 0;
  #captured = 0;
  readonly #dropped: Partial<Record<DropReason, number>> = {};
  readonly #latenciesMs = new Float64Array(MAX_SAMPLES);
  #scoredInInterval = 0;
  #intervalStartMs: number;

  /** @param nowMs the monotonic clock, as in `health` */
  constructor(nowMs: number) {
    this.#intervalStartMs = nowMs;
  }

  frameEntered(): void {
    this.#captured += 1;
    this.#inFlight += 1;
  }

  framesDropped(reason: DropReason, count: number): void {
    this.#captured += count;
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + count;
  }

  /** @param latencyMs from the frame leaving the camera to its score being known */
  frameScored(latencyMs: number): void {
    this.#inFlight -= 1;
    this.#scored += 1;
    this.#latenciesMs[this.#scoredInInterval % MAX_SAMPLES] = latencyMs;
    this.#scoredInInterval += 1;
  }

  frameFailed(): void {
    this.#inFlight -= 1;
    this.#failed += 1;
  }

  counts(): FrameCounts {
    return {
      captured: this.#captured,
      scored: this.#scored,
      dropped: { ...this.#dropped },
      failed: this.#failed,
      inFlight: this.#inFlight,
    };
  }

  /** As `look`; begins the next interval. */
  health(nowMs: number): FrameHealth {
    const health = this.look(nowMs);
    this.#scoredInInterval = 0;
    this.#intervalStartMs = nowMs;
    return health;
  }

  /** The counts, and the rate and latency since the interval began. */
  look(nowMs: number): FrameHealth {
    const counts = this.counts();
    const seconds = (nowMs - this.#intervalStartMs) / 1_000;
    const samples = this.#latenciesMs.slice(0, Math.min(this.#scoredInInterval, MAX_SAMPLES)).sort();
    const fps = seconds > 0 ? round(this.#scoredInInterval / seconds) : 0;
    return {
      ...counts,
      share: counts.captured === 0 ? null : counts.scored / counts.captured,
      fps,
      latencyMs:
        samples.length === 0 ? null : { p50: round(percentile(samples, 0.5)), p99: round(percentile(samples, 0.99)) },
    };
  }
}

/** Nearest rank. @param sorted ascending, not empty; @param share 0..1 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
