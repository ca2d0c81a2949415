import { isTriggered, partOf } from "../../config/parts.js";
import type { CameraConfig } from "../../config/types.js";

/** What one part of a camera is, and when its verdict is due. */
export interface PartPolicy {
  readonly per: { readonly kind: "frames"; readonly frames: number } | { readonly kind: "context" };
  /** Whether a picture that was dropped is one of a part's: each trigger of the camera is for a part. */
  readonly countsDropped: boolean;
  /** Whether only pictures that an inspection asked for are of a part. */
  readonly onInspect: boolean;
  /** From a part's last picture; null: there is none. */
  readonly deadlineMs: number | null;
  /** Whether a verdict after the deadline is not to be relied on. */
  readonly lateIsUnknown: boolean;
  /** What the line's gate takes an unknown part for. */
  readonly unknownIs: "ok" | "ng";
  /** A part of `context` is over so long after it was named; null: when another one is named. */
  readonly closeAfterMs: number | null;
  /** Which parts get a picture: bad ones, and one of so many good ones; 0: none of these. */
  readonly pictures: { readonly ng: boolean; readonly okEvery: number };
}

/** Null where the camera sees no parts. */
export function partPolicy(camera: CameraConfig): PartPolicy | null {
  const per = partOf(camera);
  if (per === null) return null;
  const { on, deadlineMs, lateIs, unknownIs, closeAfterMs, evidence, okEvidenceEvery } = camera.parts;
  return {
    per: per === "context" ? { kind: "context" } : { kind: "frames", frames: per === "frame" ? 1 : per.frames },
    countsDropped: isTriggered(camera.source) || camera.source.type === "images",
    onInspect: on === "inspect",
    deadlineMs,
    lateIsUnknown: lateIs === "unknown",
    unknownIs,
    closeAfterMs,
    pictures: { ng: evidence === "ng", okEvery: okEvidenceEvery },
  };
}
