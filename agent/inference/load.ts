import type { InferenceConfig } from "../../config/types.js";
import { readManifest } from "../../models/bundle/bundle.js";
import { type GoodReference, referenceIn } from "../../models/judging/good-reference.js";
import type { ImageBaseline } from "../../models/pictures/image-baseline.js";
import { type Engine, type EngineOptions, openEngine } from "./engine.js";
import { type Engines, enginePlan } from "./engines/plan.js";
import { type Choose, openPlanned } from "./engines/planned.js";
import { fallbackFault, triable } from "./fallback.js";
import { hasNvidiaGpu } from "./nvidia.js";
import {
  asItIs,
  type ChosenBundle,
  choosePrecision,
  halvedBundle,
  type LowerPrecision,
  type OpenModel,
  type PrecisionWish,
} from "./precision.js";
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
  /** Where TensorRT's engines are kept; null or absent where TensorRT builds in its place, as any provider opens. */
  readonly engines?: Engines | null;
  /** Whether the machine has a GPU that a provider could use. */
  readonly gpu?: () => Promise<boolean>;
}

/** @throws CodedError of readManifest or openEngine, whose thread checks the hash of what it loads */
export async function loadModel(dir: string, options: LoadOptions): Promise<LoadedModel> {
  const { inference, lowered = {}, golden = null, engines = null } = options;
  const folders = { int8: lowered.int8 ?? null, fp16: lowered.fp16 ?? null };
  const [own, gpu] = await Promise.all([readManifest(dir), (options.gpu ?? hasNvidiaGpu)()]);
  const order = triable(inference.providers, inference.fallback);
  const plan = engines === null ? null : await enginePlan(order, inference, engines, gpu);
  let precision = asItIs(inference.precision, own.manifest.precision ?? "fp32");
  const annotate = (report: ProviderReport): ProviderReport => ({
    ...report,
    precision,
    fault: fallbackFault(report, inference.fallback, gpu),
  });
  // A CPU gains nothing by float16.
  const halved = folders.fp16 === null && (own.manifest.precision ?? "fp32") === "fp32" ? halvedBundle(own) : null;
  const optionsOf = (bundle: ChosenBundle, providers: readonly string[]): EngineOptions =>
    engineOptions(bundle, { ...options, annotate, providers });
  const choose: Choose = async (providers, aim) => {
    const open = async (bundle: ChosenBundle): Promise<OpenModel> => {
      return { engine: await openEngine(optionsOf(bundle, providers)), bundle };
    };
    return choosePrecision(await open(own), {
      ...{ asked: inference.precision, limit: inference.precisionLimit, golden, ...(aim && { aim }) },
      open: (lower, provider) => {
        const folder = folders[lower];
        if (folder !== null) return readManifest(folder).then(open);
        return lower === "fp16" && provider !== "cpu" && halved !== null ? open(halved) : null;
      },
    });
  };
  const chosen =
    plan === null
      ? await choose(order)
      : await openPlanned(plan, {
          ...{ own, folders: [folders.int8, folders.fp16], halved, choose, golden, inference },
          optionsOf: (bundle) => optionsOf(bundle, order),
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

function engineOptions(
  { manifest, modelPath, halve = false }: ChosenBundle,
  {
    inference,
    mostWaiting,
    onRestart,
    annotate,
    providers,
  }: LoadOptions & Pick<EngineOptions, "annotate" | "providers">,
): EngineOptions {
  const { threads, device, maxBatch, gpuMemoryMb, workspaceMb, dlaCore } = inference;
  const { name, version, sha256, input, threshold, precision = "fp32" } = manifest;
  return {
    ...{ modelPath, identity: { name, version, sha256 }, input, threshold, precision, halve },
    ...{ providers, threads, device, onRestart, ...(annotate && { annotate }) },
    gpuLimits: { gpuMemoryMb, workspaceMb, dlaCore },
    maxBatch: Math.min(maxBatch, mostWaiting, input.batch ?? Number.POSITIVE_INFINITY),
  };
}

function calibrationOf({ manifest: { calibration } }: ChosenBundle): string | null {
  return calibration === null ? null : `${calibration.rule}, ${calibration.images} images`;
}
