/** Runs a bundle over a test set. */
import { CodedError, messageOf } from "../../errors.js";
import type { Bundle } from "../bundle/bundle.js";
import { readModel } from "../onnx/checked-model.js";
import { openSession, type Session, Tensor } from "../onnx/session.js";
import { pictureFault } from "../pictures/image-fault.js";
import { readRgb } from "../pictures/images.js";
import { type DataWarning, GOOD_TYPE, type TestImage } from "./dataset.js";
import type { ScoredMap } from "./metrics.js";
import { readTruth } from "./truth.js";

/** A test picture with what the model made of it. */
export interface ScoredImage extends TestImage {
  /** The maximum of the smoothed map. */
  readonly score: number;
  readonly scored: ScoredMap;
  /** Whether it is known of each pixel if it is defective: not so for a defective picture without a mask of use. */
  readonly hasTruth: boolean;
}

export interface ScoredSet {
  readonly images: readonly ScoredImage[];
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
  const session = await openModel(bundle, options.threads);
  const size = { width: bundle.manifest.input.width, height: bundle.manifest.input.height };
  const { width, height } = size;
  const results: ScoredImage[] = [];
  const warnings: DataWarning[] = [];
  try {
    for (const [index, image] of images.entries()) {
      const pixels = await readRgb(image.path, size).catch((error: unknown) => {
        if (!(error instanceof CodedError)) throw error;
        warnings.push({ path: image.path, reason: `left out: ${error.message}` });
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
        const outputs = await session.run({ image: new Tensor("uint8", pixels, [1, height, width, 3]) });
        const map = numbers(outputs.map, width * height, bundle);
        const score = numbers(outputs.score, 1, bundle)[0]!;
        const hasTruth = image.type === GOOD_TYPE || truth.mask !== null;
        // The map is copied: the runtime may hand out the same memory again.
        results.push({ ...image, score, hasTruth, scored: { map: map.slice(), mask: truth.mask, width, height } });
      }
      options.onProgress?.(index + 1, images.length);
    }
  } finally {
    await session.close();
  }
  requireBoth(results, images, warnings);
  return { images: results, warnings };
}

function requireBoth(
  results: readonly ScoredImage[],
  images: readonly TestImage[],
  warnings: readonly DataWarning[],
): void {
  for (const [what, isOne] of [
    ["good", (image: TestImage) => image.type === GOOD_TYPE],
    ["defective", (image: TestImage) => image.type !== GOOD_TYPE],
  ] as const) {
    if (results.some(isOne)) continue;
    const first = warnings.find(({ path }) => images.some((image) => image.path === path && isOne(image)))!;
    throw new CodedError("IMAGE_UNREADABLE", `no ${what} picture can be read; the first: ${first.reason}`, {
      at: first.path,
      remedy: "Replace the files with whole pictures (png, jpg, bmp, tif, webp).",
    });
  }
}

async function openModel(bundle: Bundle, threads: number | undefined): Promise<Session> {
  const model = await readModel(bundle.modelPath, bundle.manifest);
  const session = await openSession(model, threads === undefined ? {} : { threads }).catch((cause: unknown) => {
    throw invalid(bundle, messageOf(cause), cause);
  });
  const { inputNames, outputNames } = session;
  if (inputNames.join() === "image" && outputNames.includes("score") && outputNames.includes("map")) return session;
  await session.close();
  throw invalid(bundle, `its inputs are ${inputNames.join(", ")}, its outputs ${outputNames.join(", ")}`);
}

function numbers(tensor: Tensor | undefined, length: number, bundle: Bundle): Float32Array {
  if (tensor?.data instanceof Float32Array && tensor.data.length === length) return tensor.data;
  throw invalid(bundle, `an output is ${tensor?.type ?? "missing"} [${tensor?.dims.join(", ") ?? ""}]`);
}

function invalid(bundle: Bundle, reason: string, cause?: unknown): CodedError {
  return new CodedError("BUNDLE_INVALID", `${bundle.modelPath} is not a bundle's model: ${reason}`, {
    at: bundle.modelPath,
    remedy: "Write the bundle again with `retort train`, `retort export` or `retort import`.",
    cause,
  });
}
