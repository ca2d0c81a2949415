import type { AlertPayload } from "./payloads.js";

/** One step of an alert, in short. */
export interface ShortStep {
  readonly seq: number;
  readonly phase: AlertPayload["phase"];
  readonly ts: string;
  readonly score: number;
  readonly peak: number;
  readonly by?: string;
}

/**
 * An alert from its first step to its latest, in the form of its messages: `score`, `peak`, `regions`, `context` and what they were
 * judged by are those of its worst frame, `evidence` is the picture of the highest score, `durationMs` and `frames` are those of all
 * raises; the rest is as in the latest step.
 */
export interface WholeAlert extends Omit<AlertPayload, "atPeak"> {
  /** RFC 3339: of its worst frame. */
  readonly peakTs: string;
  /** RFC 3339: of the first step. */
  readonly since: string;
  /** The first and the latest ones; of `updated` steps in a row the last. */
  readonly steps: readonly ShortStep[];
  /** All of them, listed or not. */
  readonly stepCount: number;
}
