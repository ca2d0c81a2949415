import type { InferenceConfig } from "../../config/types.js";
import { type Bundle, readBundle } from "../../models/bundle/bundle.js";
import type { ImageBaseline } from "../../models/pictures/image-baseline.js";
import { type Engine, openEngine } from "./engine.js";

/** A model that is ready to judge, and what its bundle says of its threshold and of good pictures. */
export interface LoadedModel {
  readonly engine: Engine;
  readonly calibration: string | null;
  /** What half of training's good pictures scored at most; absent where it is not known. */
  readonly goodMedian?: number;
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
  const { name, version, sha256, input, threshold } = bundle.manifest;
  const engine = await openEngine({
    modelPath: bundle.modelPath,
    identity: { name, version, sha256 },
    input,
    threshold,
    providers: inference.providers,
    threads: inference.threads,
    precision: inference.precision,
    maxBatch: Math.min(inference.maxBatch, mostWaiting),
    onRestart,
  });
  const { calibration, imageHealth } = bundle.manifest;
  const goodMedian = calibration?.quantiles?.find(({ share }) => share === 0.5)?.score;
  return {
    engine,
    calibration: calibrationOf(bundle),
    ...(goodMedian === undefined ? {} : { goodMedian }),
    ...(imageHealth === undefined ? {} : { imageHealth }),
  };
}

function calibrationOf({ manifest: { calibration } }: Bundle): string | null {
  return calibration === null ? null : `${calibration.rule}, ${calibration.images} images`;
}
