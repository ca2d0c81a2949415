import type { Inspection, Rect, Region, Size } from "../types.js";

/** What an evidence picture shows: everything that a thread of its own needs to draw it. */
export interface Subject {
  /** RGB, [size.height, size.width, 3]. */
  readonly pixels: Uint8Array;
  /** float32 [size.height, size.width] */
  readonly map: Float32Array;
  readonly size: Size;
  /** The part of the camera's frame that `pixels` shows, in the camera's pixels, as the regions are. */
  readonly view: Rect;
  readonly threshold: number;
  readonly regions: readonly Region[];
}

export interface Picture {
  readonly jpeg: Uint8Array<ArrayBuffer>;
  /** Lower case hex. */
  readonly sha256: string;
}

export function subjectOf(inspection: Inspection, threshold: number, regions: readonly Region[]): Subject {
  const { frame, map } = inspection;
  return { pixels: frame.pixels, map, size: frame.size, view: frame.view, threshold, regions };
}
