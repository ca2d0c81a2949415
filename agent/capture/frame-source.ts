import type { ErrorCode } from "../../errors.js";
import type { Original, Size } from "../types.js";

/** What a source yields when it is asked for a picture: a value in every case. */
export type Grab =
  | {
      readonly kind: "picture";
      /** RGB, [input.height, input.width, 3], row-major; owns its ArrayBuffer. */
      readonly pixels: Uint8Array<ArrayBuffer>;
      /** The camera's own picture, before scaling and ROI. */
      readonly native: Size;
      /** Pictures that came since the grab before and were not taken. */
      readonly missed: number;
      /** When it was taken, by the monotonic clock (performance.now); absent where nobody knows. */
      readonly takenAtMs?: number;
      /** All of the camera's own picture; as a frame's, see types.ts. */
      readonly original?: () => Promise<Original | null>;
      /** The picture's file, relative to the source's folder; absent where it comes from none. */
      readonly origin?: string;
    }
  /** One picture could not be read; the next may be. */
  | { readonly kind: "unreadable"; readonly code: ErrorCode; readonly reason: string; readonly origin: string }
  /** There are no more pictures, as planned; `start` plays again from the first. */
  | { readonly kind: "ended" }
  /** The camera, file or device failed, or the source was stopped. `start` tries again. */
  | { readonly kind: "lost"; readonly reason: string };

/**
 * Where one camera's pictures come from, scaled to the model's input. Held by test/contracts/frame-source.ts.
 * `start` -> `grab`, one at a time -> `stop`, and again from `start`.
 */
export interface FrameSource {
  /** Begins to capture; faults come from `grab`. */
  start(): void;
  /** The next picture, when there is one: pending for as long as the camera is silent. Never rejects. */
  grab(): Promise<Grab>;
  /** Whether the camera itself has answered since `start`, though no picture may have come yet. */
  answered(): boolean;
  /** Ends the capture at once: a pending grab yields `lost`. Resolves when the source is released. */
  stop(): Promise<void>;
}
