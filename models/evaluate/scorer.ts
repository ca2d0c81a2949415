/** A bundle's model, opened to judge pictures one by one. */
import { CodedError, messageOf } from "../../errors.js";
import type { Bundle } from "../bundle/bundle.js";
import { readModel } from "../onnx/checked-model.js";
import { openSession, type Session, Tensor } from "../onnx/session.js";
import type { Size } from "../pictures/images.js";

/** What a model makes of one picture. */
export interface Score {
  readonly score: number;
  /** float32 [height, width], the caller's own. */
  readonly map: Float32Array;
}

export interface Scorer {
  /** The model's input. */
  readonly size: Size;
  /** @param pixels RGB, uint8 [size.height, size.width, 3] @throws CodedError BUNDLE_INVALID */
  score(pixels: Uint8Array): Promise<Score>;
  close(): Promise<void>;
}

/**
 * @param threads 0 or undefined: as many as there are cores
 * @throws CodedError BUNDLE_INVALID, MODEL_*
 */
export async function openScorer(bundle: Bundle, threads = 0): Promise<Scorer> {
  const session = await openModel(bundle, threads);
  const { width, height } = bundle.manifest.input;
  return {
    size: { width, height },
    async score(pixels) {
      const outputs = await session.run({ image: new Tensor("uint8", pixels, [1, height, width, 3]) });
      const map = numbers(outputs.map, width * height, bundle);
      const score = numbers(outputs.score, 1, bundle)[0]!;
      // A copy: the runtime may hand out the same memory again.
      return { score, map: map.slice() };
    },
    close: () => session.close(),
  };
}

async function openModel(bundle: Bundle, threads: number): Promise<Session> {
  const model = await readModel(bundle.modelPath, bundle.manifest);
  const session = await openSession(model, { threads }).catch((cause: unknown) => {
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
