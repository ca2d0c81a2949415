import { CodedError, messageOf } from "../../errors.js";
import type { InputSize } from "../network/rd.js";
import { listImages } from "../pictures/folder.js";
import { readRgb } from "../pictures/images.js";
import { createRandom } from "../random.js";
import type { TrainProgress } from "./progress.js";
import { FEWEST_PICTURES, RECIPE } from "./recipe.js";

/** The pictures that a training has to do with, decoded. */
export interface GoodPictures {
  /** uint8 [height, width, 3] each, in the order of their paths. */
  readonly pixels: readonly Uint8Array[];
  /** How many could not be read and were left out. */
  readonly skipped: number;
}

/**
 * Decodes the pictures of a folder and its subfolders. One that cannot be read is reported as a warning and left out.
 * @throws CodedError IMAGE_FOLDER_MISSING, IMAGE_FOLDER_EMPTY, TOO_FEW_IMAGES
 */
export async function readGoodPictures(
  folder: string,
  size: InputSize,
  report: (progress: TrainProgress) => void,
): Promise<GoodPictures> {
  const paths = await listImages(folder, { recursive: true });
  const pixels: Uint8Array[] = [];
  for (const [index, path] of paths.entries()) {
    try {
      pixels.push(await readRgb(path, size));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      report({ phase: "warning", message: `left out ${path}: ${messageOf(error)}` });
    }
    report({ phase: "reading", done: index + 1, total: paths.length });
  }
  if (pixels.length < FEWEST_PICTURES) {
    const message = `${pixels.length} readable pictures; ${FEWEST_PICTURES} are the least`;
    throw new CodedError("TOO_FEW_IMAGES", message, {
      at: folder,
    });
  }
  return { pixels, skipped: paths.length - pixels.length };
}

/** Which of `count` pictures are trained on and which are held out for the threshold, by index. The seed decides. */
export function splitPictures(count: number, seed: number): { trained: readonly number[]; heldOut: readonly number[] } {
  const { share, fewest, most, salt } = RECIPE.holdOut;
  const order = createRandom(seed ^ salt).shuffle(Array.from({ length: count }, (_, index) => index));
  const held = Math.min(most, Math.max(fewest, Math.round(count * share)));
  return { heldOut: order.slice(0, held), trained: order.slice(held) };
}
