import { createHash } from "node:crypto";
import { overlayHeat } from "../../models/pictures/heatmap.js";
import { encodeCrispJpeg, stretch } from "../../models/pictures/images.js";
import type { Rect, Size } from "../types.js";
import { outline } from "./outline.js";
import type { Picture, Subject } from "./subject.js";

/** Of the longer side, pixels: a model's input of 16 x 16 is no picture for a person. */
const AT_LEAST = 512;
/** Pixels of the outline for so many pixels of the picture. */
const LINE_PER = 256;

/** Draws a subject. Takes tens of milliseconds of the calling thread. */
export async function render(subject: Subject, quality: number): Promise<Picture> {
  const { size, view, threshold } = subject;
  check(subject);
  const hot = overlayHeat(subject.pixels, subject.map, ...heatScale(subject.map, threshold));
  const shown = shownSize(size, view);
  const pixels = await stretch(hot, size, shown);
  const lineWidth = Math.max(1, Math.round(Math.max(shown.width, shown.height) / LINE_PER));
  // The strongest last: it lies on top.
  for (const region of subject.regions.toReversed()) outline(pixels, shown, inPicture(region, view, shown), lineWidth);
  const jpeg = new Uint8Array(await encodeCrispJpeg(pixels, shown, quality));
  return { jpeg, sha256: createHash("sha256").update(jpeg).digest("hex") };
}

/** What just misses the threshold is tinted faintly; the reddest is the strongest, if it is well above. */
function heatScale(map: Float32Array, threshold: number): [low: number, high: number] {
  const peak = map.reduce((most, value) => Math.max(most, value), 0);
  return [0.7 * threshold, Math.max(peak, 1.3 * threshold)];
}

/** The proportions of the camera's own pixels: the model's input may be squeezed. */
function shownSize(size: Size, view: Rect): Size {
  const longer = Math.max(AT_LEAST, size.width, size.height);
  const scale = longer / Math.max(view.width, view.height);
  const side = (length: number): number => Math.max(1, Math.round(length * scale));
  return { width: side(view.width), height: side(view.height) };
}

function inPicture(rect: Rect, view: Rect, shown: Size): Rect {
  const scaleX = shown.width / view.width;
  const scaleY = shown.height / view.height;
  return {
    x: (rect.x - view.x) * scaleX,
    y: (rect.y - view.y) * scaleY,
    width: rect.width * scaleX,
    height: rect.height * scaleY,
  };
}

function check({ pixels, map, size, view }: Subject): void {
  const count = size.width * size.height;
  if (!(count > 0) || !(view.width > 0) || !(view.height > 0)) throw new RangeError("an empty picture");
  if (pixels.length !== 3 * count || map.length !== count) {
    throw new RangeError(
      `${pixels.length} bytes and a map of ${map.length} are no picture of ${size.width} x ${size.height}`,
    );
  }
}
