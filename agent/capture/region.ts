import type { RoiConfig } from "../../config/types.js";
import type { Rect, Size } from "../types.js";
import { scaledWhole } from "./launch/tail.js";

/** The part of the camera's own picture that an ROI shows, in the camera's pixels; never empty, never outside. */
export function viewOf(roi: RoiConfig, native: Size): Rect {
  const x = Math.min(Math.round(roi.x * native.width), native.width - 1);
  const y = Math.min(Math.round(roi.y * native.height), native.height - 1);
  const width = Math.max(1, Math.min(Math.round(roi.width * native.width), native.width - x));
  const height = Math.max(1, Math.min(Math.round(roi.height * native.height), native.height - y));
  return { x, y, width, height };
}

/**
 * What the launch lines do with `videocrop`, for pictures that come without GStreamer.
 * @param whole RGB, [h, w, 3], of the size that `scaledWhole` says
 * @returns RGB, [input.height, input.width, 3]
 */
export function cutRegion(whole: Uint8Array<ArrayBuffer>, input: Size, roi: RoiConfig): Uint8Array<ArrayBuffer> {
  const full = scaledWhole(input, roi);
  if (full.width === input.width && full.height === input.height) return whole;
  const left = Math.min(Math.round(roi.x * full.width), full.width - input.width);
  const top = Math.min(Math.round(roi.y * full.height), full.height - input.height);
  const cut = new Uint8Array(input.width * input.height * 3);
  for (let y = 0; y < input.height; y += 1) {
    const from = ((top + y) * full.width + left) * 3;
    cut.set(whole.subarray(from, from + input.width * 3), y * input.width * 3);
  }
  return cut;
}
