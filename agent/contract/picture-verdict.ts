import type { PartOutcome, Region } from "../types.js";
import type { ModelPayload } from "./payloads.js";

/** The verdict on a picture that somebody sent, by no camera's frame. */
export interface PictureVerdict {
  readonly v: 1;
  readonly verdict: PartOutcome;
  /** Why it is `unknown`: a stable code, a colon, a sentence; null where it is not. */
  readonly reason: string | null;
  /** Null where it is unknown. */
  readonly score: number | null;
  readonly threshold: number;
  /** In the picture's own pixels, the strongest first. */
  readonly regions: readonly Region[];
  readonly model: ModelPayload;
}
