import type { PartsHealth, Payload } from "./payloads.js";

/** The newest alert of a camera, in short. */
export interface AlertSummary {
  readonly id: string;
  /** RFC 3339: of its latest step. */
  readonly ts: string;
  /** Whether what raised it is still seen. */
  readonly standing: boolean;
  /** Whether somebody has seen it since it was last raised. */
  readonly acknowledged: boolean;
  readonly peak: number;
  readonly raises: number;
}

/** What is in force and known of a camera, in one message: for those who do not follow every frame. */
export interface SummaryPayload extends Payload {
  readonly enabled: boolean;
  /** The highest since the summary with another score before it; null before the first picture. */
  readonly score: number | null;
  /** In force; null until the model is there. */
  readonly threshold: number | null;
  /** Null before the first alert that is remembered. */
  readonly alert: AlertSummary | null;
  /** Verdicts since the agent started; null where the camera sees no parts. */
  readonly parts: PartsHealth | null;
  /** Null while its alerts are not shelved. */
  readonly shelvedUntil: string | null;
}
