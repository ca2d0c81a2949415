import { CodedError, messageOf } from "../../errors.js";
import type { InputSize } from "../network/rd.js";
import { createRandom } from "../random.js";
import { readGoodFolder } from "./good-folder.js";
import { readGoodPicture } from "./good-picture.js";
import type { TrainSettings } from "./options.js";
import { FEWEST_PICTURES, RECIPE } from "./recipe.js";

/** The pictures that a training has to do with, decoded. */
export interface GoodPictures {
  readonly paths: readonly string[];
  /** uint8 [height, width, 3] each, in the order of their paths. */
  readonly pixels: readonly Uint8Array[];
  /** How many were left out: unreadable, damaged, black or overexposed. */
  readonly skipped: number;
}

/**
 * Decodes the pictures of a folder and its subfolders. One that cannot be used is reported as a warning and left out.
 * @throws CodedError those of {@link readGoodFolder}, TOO_FEW_IMAGES
 */
export async function readGoodPictures(
  folder: string,
  size: InputSize,
  { imageHealth, report }: Pick<TrainSettings, "imageHealth" | "report">,
): Promise<GoodPictures> {
  const { pictures, foreign } = await readGoodFolder(folder);
  if (foreign.length > 0) {
    const message = `left out ${foreign.length} files in formats that are not read, the first is ${foreign[0]}`;
    report({ phase: "warning", message });
  }
  const paths: string[] = [];
  const pixels: Uint8Array[] = [];
  const refused: CodedError[] = [];
  for (const [index, path] of pictures.entries()) {
    try {
      pixels.push(await readGoodPicture(path, size, { health: imageHealth }));
      paths.push(path);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      refused.push(error);
      report({ phase: "warning", message: `left out ${path}: ${error.code}: ${messageOf(error)}` });
    }
    report({ phase: "reading", done: index + 1, total: pictures.length });
  }
  requireEnough(pixels.length, refused, folder);
  return { paths, pixels, skipped: refused.length };
}

/** @param refused those that were left out @throws CodedError TOO_FEW_IMAGES */
export function requireEnough(count: number, refused: readonly CodedError[], folder: string): void {
  if (count >= FEWEST_PICTURES) return;
  const [first] = refused;
  const why = first === undefined ? "" : `; ${refused.length} were left out, the first: ${first.at}: ${first.message}`;
  throw new CodedError("TOO_FEW_IMAGES", `${count} pictures to learn from, ${FEWEST_PICTURES} are the least${why}`, {
    at: folder,
    ...(first === undefined ? {} : { remedy: first.remedy }),
  });
}

/** Which of `count` pictures are trained on and which are held out for the threshold, by index. The seed decides. */
export function splitPictures(count: number, seed: number): { trained: readonly number[]; heldOut: readonly number[] } {
  const { share, fewest, most, salt } = RECIPE.holdOut;
  const order = createRandom(seed ^ salt).shuffle(Array.from({ length: count }, (_, index) => index));
  const held = Math.min(most, Math.max(fewest, Math.round(count * share)));
  return { heldOut: order.slice(0, held), trained: order.slice(held) };
}
