import type { ThresholdPreview } from "../contract/live-events.js";
import type { VerdictPayload } from "../contract/part-payloads.js";
import { type PartsHealth, timestamp } from "../contract/payloads.js";

/** Scores are kept in steps of one percent from the lowest to the highest of these; what lies beyond counts as one of them. */
const LOWEST = 0.001;
const HIGHEST = 1_000;
const STEP = Math.log(1.01);
const BINS = Math.ceil(Math.log(HIGHEST / LOWEST) / STEP) + 1;

/** Twelve times five minutes: the hour is one of 55 to 60 minutes, and takes 70 KB a camera. */
const SLOTS = 12;
const SLOT_MS = 300_000;

class Slot {
  readonly bins = new Uint32Array(BINS);
  judged = 0;
  rejected = 0;
  readonly parts = { ok: 0, ng: 0, unknown: 0, late: 0 };

  constructor(readonly beganMs: number) {}
}

/** What a camera judged in the last hour: how many of which score, so that another threshold's outcome can be told. */
export class LastHour {
  /** The oldest first. */
  #slots: readonly Slot[];

  /** @param nowMs the monotonic clock's, as all times here */
  constructor(nowMs: number) {
    this.#slots = [new Slot(nowMs)];
  }

  frame(score: number, isRejected: boolean, nowMs: number): void {
    this.#count(this.#slot(nowMs), score, isRejected);
  }

  part({ verdict, score, late }: VerdictPayload, nowMs: number): void {
    const slot = this.#slot(nowMs);
    slot.parts[verdict] += 1;
    if (late) slot.parts.late += 1;
    if (verdict !== "unknown" && score !== null) this.#count(slot, score, verdict === "ng");
  }

  parts(nowMs: number): PartsHealth {
    this.#slot(nowMs);
    const all = { ok: 0, ng: 0, unknown: 0, late: 0 };
    for (const { parts } of this.#slots) {
      for (const outcome of ["ok", "ng", "unknown", "late"] as const) all[outcome] += parts[outcome];
    }
    return all;
  }

  /** @param inForce null until the model is there @param wallMs epoch milliseconds, now */
  preview(threshold: number, inForce: number | null, nowMs: number, wallMs: number): PreviewCounts {
    this.#slot(nowMs);
    const total = (of: (slot: Slot) => number): number => this.#slots.reduce((sum, slot) => sum + of(slot), 0);
    const proposed = this.#above(threshold);
    const present = inForce === null ? null : this.#above(inForce);
    const difference = proposed - (present ?? total(({ rejected }) => rejected));
    return {
      from: timestamp(wallMs - (nowMs - this.#slots[0]!.beganMs)),
      to: timestamp(wallMs),
      judged: total(({ judged }) => judged),
      unknown: total(({ parts }) => parts.unknown),
      rejected: { past: total(({ rejected }) => rejected), inForce: present, proposed },
      more: Math.max(0, difference),
      fewer: Math.max(0, -difference),
    };
  }

  #count(slot: Slot, score: number, isRejected: boolean): void {
    slot.bins[Math.floor(placeOf(score))]! += 1;
    slot.judged += 1;
    if (isRejected) slot.rejected += 1;
  }

  /** Of the scores in the threshold's own step the share that lies above it, as if they lay evenly. */
  #above(threshold: number): number {
    const place = placeOf(threshold);
    const bin = Math.floor(place);
    let above = 0;
    for (const { bins } of this.#slots) {
      above += bins[bin]! * (1 - (place - bin));
      for (let at = bin + 1; at < BINS; at += 1) above += bins[at]!;
    }
    return Math.round(above);
  }

  /** The present slot; what is older than an hour is forgotten. */
  #slot(nowMs: number): Slot {
    const last = this.#slots.at(-1)!;
    if (nowMs - last.beganMs < SLOT_MS) return last;
    const slot = new Slot(nowMs - ((nowMs - last.beganMs) % SLOT_MS));
    this.#slots = [...this.#slots, slot].filter(({ beganMs }) => slot.beganMs - beganMs < SLOTS * SLOT_MS);
    return slot;
  }
}

export type PreviewCounts = Omit<ThresholdPreview, "camera" | "threshold" | "unit">;

/** Where a score lies among the steps, 0 to BINS - 1 and a fraction. */
function placeOf(score: number): number {
  if (!(score > LOWEST)) return 0;
  return Math.min(BINS - 1, Math.log(score / LOWEST) / STEP);
}
