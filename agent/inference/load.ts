import type { InferenceConfig } from "../../config/types.js";
import { type Bundle, readBundle } from "../../models/bundle/bundle.js";
import { type GoodReference, referenceIn } from "../../models/judging/good-reference.js";
import type { ImageBaseline } from "../../models/pictures/image-baseline.js";
import { type Engine, openEngine } from "./engine.js";
import { fallbackFault, triable } from "./fallback.js";
import { hasNvidiaGpu } from "./nvidia.js";
import { asItIs, choosePrecision, type LowerPrecision, type OpenModel, type PrecisionWish } from "./precision.js";
import type { ProviderReport } from "./protocol.js";

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
  /** Folders of bundles that `retort quantize` made of this one; none unless given. */
  readonly lowered?: Readonly<Partial<Record<LowerPrecision, string | null>>>;
  /** Pictures whose truth is known; null or absent where there are none. */
  readonly golden?: PrecisionWish["golden"];
  /** The most frames that can wait for this model at once: larger batches would never be filled. */
  readonly mostWaiting: number;
  readonly onRestart: (reason: string) => void;
  /** Whether the machine has a GPU that a provider could use. */
  readonly gpu?: () => Promise<boolean>;
}

/** @throws CodedError of readBundle or openEngine */
export async function loadModel(dir: string, options: LoadOptions): Promise<LoadedModel> {
  const { inference, lowered = {}, golden = null } = options;
  const folders = { int8: lowered.int8 ?? null, fp16: lowered.fp16 ?? null };
  const [own, gpu] = await Promise.all([readBundle(dir), (options.gpu ?? hasNvidiaGpu)()]);
  let precision = asItIs(inference.precision, own.manifest.precision ?? "fp32");
  const open = async (bundle: Bundle): Promise<OpenModel> => {
    const fault = (report: ProviderReport) => fallbackFault(report, inference.fallback, gpu);
    const annotate = (report: ProviderReport) => ({ ...report, precision, fault: fault(report) });
    const engine = await engineOf(bundle, { ...options, annotate });
    return { engine, bundle };
  };
  const chosen = await choosePrecision(await open(own), {
    asked: inference.precision,
    limit: inference.precisionLimit,
    golden,
    open: (lower) => {
      const folder = folders[lower];
      return folder === null ? null : readBundle(folder).then(open);
    },
  });
  precision = chosen.report;
  const { engine, bundle } = chosen.model;
  const { calibration, imageHealth, training, arch } = bundle.manifest;
  return {
    engine,
    calibration: calibrationOf(bundle),
    arch: training === null ? null : arch,
    goodReference: referenceIn(calibration),
    ...(imageHealth === undefined ? {} : { imageHealth }),
  };
}

function engineOf(
  { manifest, modelPath }: Bundle,
  {
    inference: { providers, fallback, threads, device, maxBatch, gpuMemoryMb, workspaceMb, dlaCore },
    mostWaiting,
    onRestart,
    annotate,
  }: LoadOptions & { readonly annotate: (report: ProviderReport) => ProviderReport },
): Promise<Engine> {
  const { name, version, sha256, input, threshold, precision = "fp32" } = manifest;
  return openEngine({
    ...{ modelPath, identity: { name, version, sha256 }, input, threshold, precision, annotate },
    ...{ providers: triable(providers, fallback), threads, device, onRestart },
    gpuLimits: { gpuMemoryMb, workspaceMb, dlaCore },
    maxBatch: Math.min(maxBatch, mostWaiting, input.batch ?? Number.POSITIVE_INFINITY),
  });
}

function calibrationOf({ manifest: { calibration } }: Bundle): string | null {
  return calibration === null ? null : `${calibration.rule}, ${calibration.images} images`;
}
