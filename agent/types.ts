/** The values that flow through the pipeline. All readonly; units in names; shapes in comments. */

import type { ErrorCode } from "../errors.js";
import type { PictureStats } from "../models/pictures/picture-stats.js";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** In pixels, origin top left. */
export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

/** What a line's control says about the part in front of a camera: joined to the scores and alerts that follow. */
export type Context = Readonly<Record<string, unknown>>;

/** What a camera took of a frame's `view`, in its own pixels. */
export interface Original {
  /** RGB, [size.height, size.width, 3], row-major. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly size: Size;
}

/** One picture, already scaled to the model's input. */
export interface Frame {
  readonly camera: string;
  /** Counts this camera's delivered frames from 1, since the agent started. */
  readonly number: number;
  /**
   * RGB, [size.height, size.width, 3], row-major; owns its whole ArrayBuffer so that it can be transferred. Once the frame is
   * inspected others hold it, too (the ring of recent frames, evidence): from then on it is only read, never transferred.
   */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly size: Size;
  /** The part of the camera's frame that `pixels` shows (the ROI), in the camera's own pixels. */
  readonly view: Rect;
  /**
   * What `pixels` was scaled from; null where it is gone. A camera's is held while the frame is judged and little longer: who keeps
   * it asks in the turn in which the frame is judged. Nothing is copied until then. Absent where `pixels` is all that there was. Never rejects.
   */
  readonly original?: () => Promise<Original | null>;
  /** The picture's file, relative to its source's folder, where it comes from one. */
  readonly file?: string;
  /** Wall clock at capture, `captureMs` before the agent held it, epoch milliseconds. */
  readonly capturedAtMs: number;
  /** Monotonic clock (performance.now) when the agent held the frame. */
  readonly availableAtMs: number;
  /** From the trigger, where the agent gives it, or the first packet's arrival to the agent holding the frame; 0 where it cannot be known. */
  readonly captureMs: number;
  /** The latest when the frame arrived; absent where the line's control said nothing. */
  readonly context?: Context;
  /** The number of the inspection that it was taken for, where the line's control asked for one. */
  readonly asked?: number;
}

/** Why a frame that was captured was never scored. */
export type DropReason = "newer-frame" | "shutdown" | "disabled";

/** What a camera gives to the pipeline. */
export type CameraEvent =
  | { readonly kind: "frame"; readonly camera: string; readonly frame: Frame }
  | { readonly kind: "dropped"; readonly camera: string; readonly reason: DropReason; readonly count: number }
  /** A picture that could not be read: captured, and failed. */
  | {
      readonly kind: "failed";
      readonly camera: string;
      readonly code: ErrorCode;
      readonly reason: string;
      /** These as a frame's; it takes a number as one does, or the parts that are named ahead would fall behind their pictures. */
      readonly number?: number;
      readonly file?: string;
      readonly asked?: number;
      readonly context?: Context;
    }
  | {
      readonly kind: "condition";
      readonly camera: string;
      readonly condition: "starting" | "delivering" | "idle" | "no-signal" | "ended";
      readonly reason: string | null;
    };

/** What the engine made of one frame. */
export interface Inspection {
  readonly frame: Frame;
  /** Maximum of the smoothed map. */
  readonly score: number;
  /** float32 [size.height, size.width], the smoothed anomaly map. */
  readonly map: Float32Array;
  readonly model: ModelIdentity;
  /** Wait for the engine, and the inference of the batch that held this frame. */
  readonly queueMs: number;
  readonly inferenceMs: number;
  /** What the frame looks like as a picture; absent where nobody looked. */
  readonly picture?: PictureStats;
}

/** A frame that the engine could not judge: a value, never an exception in the stream. */
export interface InspectionFailure {
  readonly frame: Frame;
  readonly code: ErrorCode;
  readonly reason: string;
}

export type Outcome =
  | { readonly kind: "inspected"; readonly inspection: Inspection }
  | { readonly kind: "failed"; readonly failure: InspectionFailure };

export interface ModelIdentity {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** The execution provider really in use: tensorrt, cuda or cpu. */
  readonly provider: string;
}

/** A connected component of the thresholded map, in the camera's pixels. */
export interface Region extends Rect {
  /** Pixels of the camera's frame above the threshold. */
  readonly area: number;
  /** The highest value of the map inside. */
  readonly score: number;
}

/** A camera's limit for the score. */
export interface Threshold {
  readonly value: number;
  /** How the limit was set, in words; null where nobody knows. */
  readonly calibration: string | null;
}

/** An inspection held against its camera's threshold. */
export interface Verdict {
  readonly inspection: Inspection;
  readonly threshold: Threshold;
  readonly anomalous: boolean;
}

/** What a part is found to be. `unknown`: it could not be judged, which is never `ok`. */
export type PartOutcome = "ok" | "ng" | "unknown";

/** Something with a time. */
interface Stamped {
  /** Where nobody vouches for its time: the clock was not set yet. */
  readonly clock?: "unsynchronised";
}

/** What a line is to know of one part, before it has its `seq`. */
export interface PartVerdict extends Stamped {
  readonly camera: string;
  /** As the line's control calls it, else which part of this camera it is since the agent started, from 1. */
  readonly part: string | number;
  readonly verdict: PartOutcome;
  /** Why it is `unknown`: a stable code, a colon, a sentence; null where it is not. */
  readonly reason: string | null;
  /** For the line's gate: what it is to take an `unknown` part for; null where the part is known. */
  readonly unknownIs: "ok" | "ng" | null;
  /** Wall clock, epoch milliseconds: the capture of its first picture, or when it is known that there is none. */
  readonly tsMs: number;
  /** Of the worst of its pictures, as all that follows; null where none was judged. */
  readonly score: number | null;
  readonly threshold: number | null;
  /** Its pictures that were judged. */
  readonly frames: number;
  /** The number of the worst frame, or of the last one that could not be judged; null where there was none. */
  readonly frame: number | null;
  /** The file of that frame, where it comes from one. */
  readonly file?: string;
  /** The strongest first; of an `ng` part alone. */
  readonly regions: readonly Region[];
  /** From its last picture to this verdict; null where no picture came. */
  readonly latencyMs: number | null;
  readonly deadlineMs: number | null;
  readonly late: boolean;
  readonly model: ModelIdentity | null;
  readonly context: Context | null;
}

export type AlertPhase = "raised" | "updated" | "cleared" | "acknowledged" | "shelved";

/** One step in an alert's life, before it has its `seq`. */
export interface AlertStep extends Stamped {
  readonly id: string;
  readonly phase: AlertPhase;
  readonly camera: string;
  readonly tsMs: number;
  readonly score: number;
  readonly threshold: number;
  /** How that threshold was set, in words; null where nobody knows. */
  readonly calibration: string | null;
  /** The highest score of the present raise; of the same raise are `durationMs` and `frames`, the anomalous ones. */
  readonly peak: number;
  /** What the frame of the peak showed; absent where that is the frame that this step reports. */
  readonly atPeak?: { readonly tsMs: number; readonly regions: readonly Region[]; readonly context: Context | null };
  readonly durationMs: number;
  readonly frames: number;
  /** How often it was raised: a defect that comes back at its place is the same alert. */
  readonly raises: number;
  readonly regions: readonly Region[];
  readonly model: ModelIdentity;
  /** Of the frame that this step is about: `raised` keeps that of the raising, later steps bring their own. */
  readonly context: Context | null;
  /** Who acknowledged or shelved it, as the command says. */
  readonly by?: string;
  /** With the end of a shelving: how many alerts were held back. */
  readonly suppressed?: number;
  /** Of the alert that stands for a flood: how many alerts were held back so far. */
  readonly flood?: { readonly alerts: number };
}

/** What a person says of an alert, by the command `feedback`. */
export type FeedbackVerdict = "defect" | "not_a_defect";

/** An MQTT message on its way out; `topic` without the `<prefix>/<agent id>/` in front, unless it is `inFull`. */
export interface Message {
  readonly topic: string;
  /** Whether `topic` is the whole one: it is no agent's, but of a convention that others read. */
  readonly inFull?: true;
  /** To be sent as JSON; bytes go as they are, and none of them clears what is retained. */
  readonly payload: object | Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}
