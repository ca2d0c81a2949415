import type { InferenceConfig } from "../../config/types.js";
import { type Bundle, readBundle } from "../../models/bundle/bundle.js";
import { type GoodReference, referenceIn } from "../../models/judging/good-reference.js";
import type { ImageBaseline } from "../../models/pictures/image-baseline.js";
import { type Engine, openEngine } from "./engine.js";
import { asItIs } from "./precision.js";

/** A model that is ready to judge, and what its bundle says of its threshold and of good pictures. */
export interface LoadedModel {
  readonly engine: Engine;
  readonly calibration: string | null;
  /** The network that `retort train` makes another one of; null or absent where it was not trained by it. */
  readonly arch?: string | null;
  /** What good pictures score; null or absent where it is not known. */
  readonly goodReference?: GoodReference | null;
  /** What good pictures look like as pictures; absent in bundles that do not say. */
  readonly imageHealth?: ImageBaseline;
}

export interface LoadOptions {
  readonly inference: InferenceConfig;
  /** The most frames that can wait for this model at once: larger batches would never be filled. */
  readonly mostWaiting: number;
  readonly onRestart: (reason: string) => void;
}

/** @throws CodedError of readBundle or openEngine */
export async function loadModel(dir: string, { inference, mostWaiting, onRestart }: LoadOptions): Promise<LoadedModel> {
  const bundle = await readBundle(dir);
  const { name, version, sha256, input, threshold, precision = "fp32" } = bundle.manifest;
  const engine = await openEngine({
    modelPath: bundle.modelPath,
    identity: { name, version, sha256 },
    input,
    threshold,
    providers: inference.providers,
    threads: inference.threads,
    device: inference.device,
    precision,
    precisionReport: () => asItIs(inference.precision, precision),
    maxBatch: Math.min(inference.maxBatch, mostWaiting, input.batch ?? Number.POSITIVE_INFINITY),
    onRestart,
  });
  const { calibration, imageHealth, training, arch } = bundle.manifest;
  return {
    engine,
    calibration: calibrationOf(bundle),
    arch: training === null ? null : arch,
    goodReference: referenceIn(calibration),
    ...(imageHealth === undefined ? {} : { imageHealth }),
  };
}

function calibrationOf({ manifest: { calibration } }: Bundle): string | null {
  return calibration === null ? null : `${calibration.rule}, ${calibration.images} images`;
}
