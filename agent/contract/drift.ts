/** A score below which a share of the scores lie. */
interface Quantile {
  readonly share: number;
  readonly score: number;
}

/** Whether a camera's good parts still score what they should. Nothing of it changes a threshold. */
export interface DriftHealth {
  /** `unknown`: there is nothing to hold them against; `learning`: too few were seen. */
  readonly state: "unknown" | "learning" | "stable" | "drifting";
  /** RFC 3339: since when it is in that state. */
  readonly since: string;
  readonly reason: string;
  /** Null where it is not drifting. */
  readonly direction: "up" | "down" | null;
  /** Whether it drifts and was never seen stable: perhaps the camera sees something else than the pictures of the reference. */
  readonly fromStart: boolean;
  /** How far the middle of good parts lies above the reference's (negative: below), in its spreads; null until it is known. */
  readonly spreads: number | null;
  /** What they are held against: the scores of good pictures that are known; null where none are. */
  readonly reference: {
    /** Whose: the model's bundle's, or those of the command `calibrate`. */
    readonly source: "model" | "calibrate";
    /** Independent ones, that its level is known from. */
    readonly pictures: number;
    readonly quantiles: readonly Quantile[];
    /** The middle of good parts is told of beyond these; null until a picture came, and where that cannot be judged. */
    readonly band: { readonly low: number; readonly high: number } | null;
  } | null;
  /** Of late; null until there are enough. */
  readonly observed: {
    /** A sample of all, evenly over the time. */
    readonly scores: number;
    /** RFC 3339. */
    readonly from: string;
    readonly to: string;
    readonly quantiles: readonly Quantile[];
  } | null;
  /** What training's rule would set from the scores observed; only while it drifts. It is not in force. */
  readonly proposedThreshold: {
    readonly value: number;
    readonly scores: number;
    /** The share of good parts that would be rejected by mistake. */
    readonly wanted: number;
    readonly applied: false;
  } | null;
}
