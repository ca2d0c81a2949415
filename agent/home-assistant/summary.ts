import { type AlertPayload, type PartsHealth, timestamp } from "../contract/payloads.js";
import type { AlertSummary, SummaryPayload } from "../contract/summary.js";
import { topics } from "../contract/topics.js";
import type { Message, Outcome } from "../types.js";

/** What a summary tells of a camera beside its pictures and alerts. */
export interface SummarisedCamera {
  readonly config: { readonly id: string };
  readonly enabled: boolean;
  readonly alerts: { readonly shelvedUntilMs: number | null };
  readonly parts: PartsHealth | null;
  threshold(): number | null;
}

/** The summary of a camera: at most one score and one count in each interval; what people change at once. */
export class CameraSummary {
  readonly #camera: SummarisedCamera;
  readonly #scoreEveryMs: number;
  #alert: AlertSummary | null;
  #score: number | null = null;
  /** The highest of this interval; null where no picture was judged in it. */
  #highest: number | null = null;
  #parts: PartsHealth | null = null;
  #scoredAtMs = Number.NEGATIVE_INFINITY;
  /** What was told last, without its `ts`, as text. */
  #told = "";

  constructor(
    camera: SummarisedCamera,
    options: { readonly scoreEveryMs: number; readonly alert: AlertSummary | null },
  ) {
    this.#camera = camera;
    this.#scoreEveryMs = options.scoreEveryMs;
    this.#alert = options.alert;
  }

  saw(outcome: Outcome): void {
    if (outcome.kind !== "inspected") return;
    const { score } = outcome.inspection;
    if (this.#highest === null || score > this.#highest) this.#highest = score;
  }

  took(step: AlertPayload): void {
    this.#alert = alertAfter(this.#alert, step);
  }

  /** What is to be told now; null where that was told already. @param nowMs monotonic @param wallMs epoch milliseconds */
  next(nowMs: number, wallMs: number): Message | null {
    const { config, enabled, alerts, threshold, parts } = this.#camera;
    if (nowMs - this.#scoredAtMs >= this.#scoreEveryMs) {
      if (this.#highest !== null) this.#scoredAtMs = nowMs;
      this.#score = this.#highest ?? this.#score;
      this.#highest = null;
      this.#parts = parts;
    }
    const { shelvedUntilMs } = alerts;
    const content = {
      enabled,
      score: this.#score,
      threshold: threshold(),
      alert: this.#alert,
      parts: this.#parts,
      // To the second: it is computed from two clocks.
      shelvedUntil: shelvedUntilMs === null ? null : timestamp(Math.round(shelvedUntilMs / 1_000) * 1_000),
    };
    const text = JSON.stringify(content);
    if (text === this.#told) return null;
    this.#told = text;
    const payload: SummaryPayload = { v: 1, ts: timestamp(wallMs), ...content };
    return { topic: topics.summary(config.id), payload, qos: 1, retain: true };
  }
}

/** What of an alert's step a summary needs. */
export type StepOfAlert = Pick<AlertPayload, "id" | "ts" | "phase" | "peak" | "raises">;

/**
 * The newest alert after one more step, of it or of another. Whatever is raised is the newest, though its id be older: a defect comes back at
 * its place, and a clock is set back.
 */
export function alertAfter(before: AlertSummary | null, step: StepOfAlert): AlertSummary {
  const { id, ts, phase, peak, raises } = step;
  const begins = phase === "raised";
  const same = before?.id === id ? before : null;
  if (before !== null && same === null && !begins && !isUnheardOf(step, before)) return before;
  const isStanding = begins || phase === "updated" || (phase !== "cleared" && (same?.standing ?? false));
  const acknowledged = phase === "acknowledged" || (!begins && (same?.acknowledged ?? false));
  return { id, ts, standing: isStanding, acknowledged, peak, raises };
}

/** Whether it is of an alert whose raise was held back: people acknowledge one of yesterday. Ids are UUIDv7, and sort by their time. */
function isUnheardOf({ id, phase }: StepOfAlert, before: AlertSummary): boolean {
  return (phase === "updated" || phase === "cleared") && id > before.id;
}
