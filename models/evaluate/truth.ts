/** What is known of a test picture's pixels: its masks, checked against the picture. */
import { CodedError } from "../../errors.js";
import { imageSize, type Size } from "../pictures/images.js";
import { type Mask, readMask } from "../pictures/masks.js";
import type { DataWarning, TestImage } from "./dataset.js";

export interface Truth {
  /** 0 or 1, uint8 [height, width]; null where no mask is of use. */
  readonly mask: Uint8Array<ArrayBuffer> | null;
  readonly warnings: readonly DataWarning[];
}

/** Rounding to whole pixels changes the proportions of a small mask by a hundredth. */
const PROPORTIONS_TOLERANCE = 0.02;
/** A mask that marks more than this share is probably white where the part is good. */
const MOST_MARKED = 0.5;

/**
 * A picture's masks as one, in the model's size. A picture without a mask of use counts for the image figures alone: one whose masks
 * are empty, cannot be read, or have other proportions than the picture, so that they belong to another picture or a part of it.
 */
export async function readTruth(image: TestImage, size: Size): Promise<Truth> {
  if (image.masks.length === 0) return { mask: null, warnings: [] };
  const warnings: DataWarning[] = [];
  const picture = await imageSize(image.path);
  const whole = new Uint8Array(size.width * size.height);
  let marked = 0;
  for (const path of image.masks) {
    const mask = await readMask(path, size).catch((error: unknown) => {
      if (!(error instanceof CodedError)) throw error;
      return error;
    });
    const reason = mask instanceof CodedError ? mask.message : mismatch(mask, picture);
    if (reason !== null || mask instanceof CodedError) {
      return { mask: null, warnings: [{ path, reason: `mask left out: ${reason}` }] };
    }
    marked += mask.marked;
    for (let at = 0; at < whole.length; at += 1) whole[at]! |= mask.pixels[at]!;
  }
  const [first] = image.masks;
  if (marked === 0) return { mask: null, warnings: [{ path: first!, reason: "mask left out: it marks nothing" }] };
  if (marked > MOST_MARKED)
    warnings.push({ path: first!, reason: `it marks ${Math.round(100 * marked)} % of the picture: is it inverted?` });
  return { mask: whole, warnings };
}

/** Why a mask cannot be laid over its picture, null when it can. */
function mismatch({ size }: Mask, picture: Size): string | null {
  if (haveSameProportions(size, picture)) return null;
  const turned = haveSameProportions(size, { width: picture.height, height: picture.width });
  const hint = turned ? ": has the picture been turned, perhaps by its EXIF orientation?" : "";
  return `it is ${size.width} x ${size.height} and its picture ${picture.width} x ${picture.height}, other proportions${hint}`;
}

function haveSameProportions(a: Size, b: Size): boolean {
  return Math.abs(Math.log((a.width * b.height) / (a.height * b.width))) <= PROPORTIONS_TOLERANCE;
}
