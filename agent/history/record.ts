import type { AlertPayload } from "../contract/payloads.js";
import type { ShortStep, WholeAlert } from "../contract/whole-alert.js";

/** What the worst frame of an alert showed, over all its raises. */
export interface Worst
  extends Pick<AlertPayload, "score" | "threshold" | "calibration" | "regions" | "context" | "model"> {
  readonly ts: string;
}

/** One alert from its first step to its latest. */
export interface AlertRecord {
  /** As it went out. */
  readonly latest: AlertPayload;
  /** RFC 3339: of the first step. */
  readonly since: string;
  readonly worst: Worst;
  /** Of a flood, whose frames are not kept, more than the score of the worst. */
  readonly peak: number;
  /** The picture of the highest score, and that score; null while there is none. */
  readonly picture: { readonly score: number; readonly evidence: AlertPayload["evidence"] } | null;
  /** Of the raises before the present one. */
  readonly earlier: { readonly durationMs: number; readonly frames: number };
  /** The first and the latest ones; of `updated` steps in a row the last. */
  readonly steps: readonly ShortStep[];
  /** All of them, listed or not. */
  readonly stepCount: number;
}

/** An alert that stands for hours, or comes back all day, must not fill an answer. */
const MOST_STEPS = 20;

/** The record of an alert's first step. */
export function firstRecord(step: AlertPayload): AlertRecord {
  return {
    latest: step,
    since: step.ts,
    worst: worstIn(step),
    peak: step.peak,
    picture: pictureIn(step),
    earlier: { durationMs: 0, frames: 0 },
    steps: [shortOf(step)],
    stepCount: 1,
  };
}

/** The record with one more step. */
export function withStep(record: AlertRecord, step: AlertPayload): AlertRecord {
  const { latest, since, earlier, stepCount } = record;
  const worst = worstIn(step);
  const picture = pictureIn(step);
  // Its figures begin anew with each raise.
  const again = step.raises > latest.raises;
  return {
    latest: step,
    since,
    worst: worst.score > record.worst.score ? worst : record.worst,
    peak: Math.max(record.peak, step.peak),
    picture:
      picture !== null && picture.score > (record.picture?.score ?? Number.NEGATIVE_INFINITY)
        ? picture
        : record.picture,
    earlier: again
      ? { durationMs: earlier.durationMs + latest.durationMs, frames: earlier.frames + latest.frames }
      : earlier,
    steps: stepsWith(record.steps, shortOf(step)),
    stepCount: stepCount + 1,
  };
}

/** The alert as a whole. */
export function wholeOf(record: AlertRecord): WholeAlert {
  const { latest, since, worst, peak, picture, earlier, steps, stepCount } = record;
  const { atPeak: _, ...rest } = latest;
  const { ts: peakTs, ...shown } = worst;
  return {
    ...rest,
    ...shown,
    peak,
    peakTs,
    durationMs: earlier.durationMs + latest.durationMs,
    frames: earlier.frames + latest.frames,
    evidence: picture?.evidence ?? null,
    since,
    steps,
    stepCount,
  };
}

function worstIn({ atPeak, ...step }: AlertPayload): Worst {
  const { threshold, calibration, model } = step;
  if (atPeak !== undefined) return { ...atPeak, score: step.peak, threshold, calibration, model };
  const { ts, score, regions, context } = step;
  return { ts, score, regions, context, threshold, calibration, model };
}

function pictureIn({ evidence, score }: AlertPayload): AlertRecord["picture"] {
  return evidence === null ? null : { score, evidence };
}

function stepsWith(steps: readonly ShortStep[], step: ShortStep): readonly ShortStep[] {
  const repeated = step.phase === "updated" && steps.at(-1)?.phase === "updated";
  const all = [...(repeated ? steps.slice(0, -1) : steps), step];
  if (all.length <= MOST_STEPS) return all;
  return [all[0]!, ...all.slice(1 - MOST_STEPS)];
}

function shortOf({ seq, phase, ts, score, peak, by }: AlertPayload): ShortStep {
  return { seq, phase, ts, score, peak, ...(by === undefined ? {} : { by }) };
}
