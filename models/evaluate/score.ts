/** Runs a bundle over a test set. */

import { CodedError, messageOf } from "../../errors.js";
import type { Bundle } from "../bundle/bundle.js";
import { readModel } from "../onnx/checked-model.js";
import { openSession, type Session, Tensor } from "../onnx/session.js";
import { readMask, readRgb } from "../pictures/images.js";
import type { TestImage } from "./dataset.js";
import type { ScoredMap } from "./metrics.js";

/** A test picture with what the model made of it. */
export interface ScoredImage extends TestImage {
  /** The maximum of the smoothed map. */
  readonly score: number;
  readonly scored: ScoredMap;
}

/** Scores every picture at the model's size, one by one so that a figure never depends on its neighbours. */
export async function scoreImages(
  bundle: Bundle,
  images: readonly TestImage[],
  options: { threads?: number; onProgress?: (done: number, total: number) => void } = {},
): Promise<ScoredImage[]> {
  const session = await openModel(bundle, options.threads);
  const size = { width: bundle.manifest.input.width, height: bundle.manifest.input.height };
  const { width, height } = size;
  try {
    const results: ScoredImage[] = [];
    for (const image of images) {
      const pixels = await readRgb(image.path, size);
      const mask = image.mask === null ? null : await readMask(image.mask, size);
      const outputs = await session.run({ image: new Tensor("uint8", pixels, [1, height, width, 3]) });
      const map = numbers(outputs.map, width * height, bundle);
      const score = numbers(outputs.score, 1, bundle)[0] as number;
      // The map is copied: the runtime may hand out the same memory again.
      results.push({ ...image, score, scored: { map: map.slice(), mask, width, height } });
      options.onProgress?.(results.length, images.length);
    }
    return results;
  } finally {
    await session.close();
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
