/** Runs a bundle over a test set. */
import { CodedError } from "../../errors.js";
import type { Bundle } from "../bundle/bundle.js";
import { pictureFault } from "../pictures/image-fault.js";
import { readRgb } from "../pictures/images.js";
import { type DataWarning, GOOD_TYPE, type TestImage } from "./dataset.js";
import type { ScoredMap } from "./metrics.js";
import { openScorer } from "./scorer.js";
import { readTruth } from "./truth.js";

/** A test picture with what the model made of it. */
export interface ScoredImage extends TestImage {
  /** The maximum of the smoothed map. */
  readonly score: number;
  readonly scored: ScoredMap;
  /** Whether it is known of each pixel if it is defective: not so for a defective picture without a mask of use. */
  readonly hasTruth: boolean;
}

/** A test picture of which the model has seen nothing. */
export interface UnreadableImage extends TestImage {
  readonly reason: string;
}

export interface ScoredSet {
  readonly images: readonly ScoredImage[];
  /** Pictures that cannot be read, each with its reason. */
  readonly unreadable: readonly UnreadableImage[];
  /** Pictures left out, masks left out, masks of doubt. */
  readonly warnings: readonly DataWarning[];
}

/**
 * Scores every picture at the model's size, one by one so that a figure never depends on its neighbours. A picture that cannot be
 * read is left out.
 * @throws CodedError BUNDLE_*, MODEL_*; IMAGE_UNREADABLE where no good or no defective picture can be read
 */
export async function scoreImages(
  bundle: Bundle,
  images: readonly TestImage[],
  options: { threads?: number; onProgress?: (done: number, total: number) => void } = {},
): Promise<ScoredSet> {
  const scorer = await openScorer(bundle, options.threads);
  const { size } = scorer;
  const { width, height } = size;
  const results: ScoredImage[] = [];
  const unreadable: UnreadableImage[] = [];
  const warnings: DataWarning[] = [];
  try {
    for (const [index, image] of images.entries()) {
      const pixels = await readRgb(image.path, size).catch((error: unknown) => {
        if (!(error instanceof CodedError)) throw error;
        warnings.push({ path: image.path, reason: `left out: ${error.message}` });
        unreadable.push({ ...image, reason: error.message });
        return null;
      });
      if (pixels !== null) {
        const truth = await readTruth(image, size);
        warnings.push(...truth.warnings);
        const fault = pictureFault(pixels, width, height);
        if (fault !== null) {
          const reason = `the agent would take it for no view of a part: ${fault.code}, ${fault.reason}`;
          warnings.push({ path: image.path, reason });
        }
        const { score, map } = await scorer.score(pixels);
        const hasTruth = image.type === GOOD_TYPE || truth.mask !== null;
        results.push({ ...image, score, hasTruth, scored: { map, mask: truth.mask, width, height } });
      }
      options.onProgress?.(index + 1, images.length);
    }
  } finally {
    await scorer.close();
  }
  requireBoth(results, unreadable);
  return { images: results, unreadable, warnings };
}

function requireBoth(results: readonly ScoredImage[], unreadable: readonly UnreadableImage[]): void {
  for (const [what, isOne] of [
    ["good", ({ type }: TestImage) => type === GOOD_TYPE],
    ["defective", ({ type }: TestImage) => type !== GOOD_TYPE],
  ] as const) {
    if (results.some(isOne)) continue;
    const first = unreadable.find(isOne);
    throw new CodedError("IMAGE_UNREADABLE", `no ${what} picture can be read; the first: ${first?.reason ?? "none"}`, {
      ...(first === undefined ? {} : { at: first.path }),
      remedy: "Replace the files with whole pictures (png, jpg, bmp, tif, webp).",
    });
  }
}
