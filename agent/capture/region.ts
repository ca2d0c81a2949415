/** The region of interest (ROI): a part of the camera's picture, in shares of it, that is shown to the model in the model's size. */
import type { RoiConfig } from "../../config/types.js";
import type { Original, Rect, Size } from "../types.js";

/** The size of the whole picture at the scale where its ROI has the model's size. */
export function scaledWhole(input: Size, roi: RoiConfig): Size {
  return {
    width: Math.max(input.width, Math.round(input.width / roi.width)),
    height: Math.max(input.height, Math.round(input.height / roi.height)),
  };
}

/** How many pixels of the scaled whole lie outside the ROI, on each side. */
export function cropOf(input: Size, roi: RoiConfig) {
  const full = scaledWhole(input, roi);
  const left = Math.min(Math.round(roi.x * full.width), full.width - input.width);
  const top = Math.min(Math.round(roi.y * full.height), full.height - input.height);
  return { left, top, right: full.width - input.width - left, bottom: full.height - input.height - top };
}

/**
 * The ROI out of a picture, as `videocrop` does it in the launch lines.
 * @param whole RGB, [h, w, 3], of the size that `scaledWhole` says
 * @returns RGB, [input.height, input.width, 3]; `whole` itself where the ROI is all of it
 */
export function cutRegion(whole: Uint8Array<ArrayBuffer>, input: Size, roi: RoiConfig): Uint8Array<ArrayBuffer> {
  const { left, top, right, bottom } = cropOf(input, roi);
  if (left + top + right + bottom === 0) return whole;
  return cutOut(whole, left + input.width + right, { x: left, y: top, ...input });
}

/** A part of the camera's own picture; that one itself where the part is all of it. */
export function cutView(whole: Original, view: Rect): Original {
  const { width, height } = view;
  if (width === whole.size.width && height === whole.size.height) return whole;
  return { pixels: cutOut(whole.pixels, whole.size.width, view), size: { width, height } };
}

/** @param whole RGB, [h, wholeWidth, 3] @returns RGB, [height, width, 3] */
function cutOut(whole: Uint8Array, wholeWidth: number, { x, y, width, height }: Rect): Uint8Array<ArrayBuffer> {
  const cut = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row += 1) {
    const from = ((y + row) * wholeWidth + x) * 3;
    cut.set(whole.subarray(from, from + width * 3), row * width * 3);
  }
  return cut;
}

/** The part of the camera's own picture that an ROI shows, in the camera's pixels; never empty, never outside. */
export function viewOf(roi: RoiConfig, native: Size): Rect {
  const x = Math.min(Math.round(roi.x * native.width), native.width - 1);
  const y = Math.min(Math.round(roi.y * native.height), native.height - 1);
  const width = Math.max(1, Math.min(Math.round(roi.width * native.width), native.width - x));
  const height = Math.max(1, Math.min(Math.round(roi.height * native.height), native.height - y));
  return { x, y, width, height };
}
