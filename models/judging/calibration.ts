/** How often good parts are rejected by mistake, as shares of good parts. */
export interface FalseAlarmRate {
  /** What the threshold was set for. */
  readonly wanted: number;
  readonly expected: number;
  /** What the true rate stays below, by 95 % confidence. */
  readonly upper95: number;
}

/** A score below which a share of the good parts' scores lie. */
export interface ScoreQuantile {
  readonly share: number;
  readonly score: number;
}

/** The JSON Schema of quantiles. */
export const SCORE_QUANTILES = {
  type: "array",
  minItems: 1,
  items: {
    type: "object",
    required: ["share", "score"],
    properties: { share: { type: "number", minimum: 0, maximum: 1 }, score: { type: "number" } },
  },
} as const;

/** The record of how a threshold was set, as a bundle's `model.json` keeps it. */
export interface Calibration {
  readonly rule: string;
  /** Good pictures whose scores it was set on. */
  readonly images: number;
  /** Of them those that the model was not trained on: how high the scores lie is known from these alone. Absent in older bundles. */
  readonly heldOut?: number;
  /** Of their scores. */
  readonly mean: number;
  readonly deviation: number;
  readonly max: number;
  /** Absent in bundles of version 0.1 and earlier, as are the quantiles. */
  readonly falseAlarmRate?: FalseAlarmRate;
  /** What good parts score: what they score later is held against these. */
  readonly quantiles?: readonly ScoreQuantile[];
}
