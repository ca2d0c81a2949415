/** `GET /api/learning`: what a model learned from, and what people said since that it can learn from. */
import type { FeedbackVerdict } from "../types.js";

export interface LearningAnswer {
  readonly v: 1;
  /** Null where no frames are kept. */
  readonly feedback: FeedbackKept | null;
  /** By the name that cameras refer to; only those that are loaded. */
  readonly models: Readonly<Record<string, ModelLearning>>;
}

/** Frames that people have judged, and where they lie. */
export interface FeedbackKept {
  /** Its frames are in `<folder>/<verdict>/<camera's folder>/<id>.webp`. */
  readonly folder: string;
  readonly cameras: readonly CameraFeedback[];
  /** The last ones, the latest first. */
  readonly latest: readonly JudgedFrame[];
}

export interface CameraFeedback {
  readonly camera: string;
  /** The name of its folder. */
  readonly folder: string;
  readonly counts: Readonly<Record<FeedbackVerdict, number>>;
}

export interface JudgedFrame {
  readonly id: string;
  readonly camera: string;
  readonly verdict: FeedbackVerdict;
  /** RFC 3339: of its capture, where that is known. */
  readonly ts: string | null;
}

export interface ModelLearning {
  /** The oddest good pictures of its training, the oddest first; null where its bundle keeps none. */
  readonly odd: {
    /** Good pictures in all. */
    readonly images: number;
    readonly pictures: readonly {
      readonly name: string;
      readonly reason: string;
      readonly suspicious: boolean;
      /** Base64. */
      readonly jpeg: string;
    }[];
  } | null;
  /** Why they cannot be had; null where they can, or there are none. */
  readonly trouble: string | null;
  /** Lines of a shell that train it again with what people said; null where it was not trained by Retort. */
  readonly commands: readonly string[] | null;
}
