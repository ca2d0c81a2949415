import type { InferenceConfig } from "../../../config/types.js";
import { onnxRuntime } from "../../../models/onnx/runtime.js";
import { loadBinding } from "../binding.js";
import { type EngineOptions, setupOf } from "../engine.js";
import { offerOf } from "../providers/offer.js";
import type { BesideTiming } from "./beside-options.js";
import { gpuFacts } from "./gpu-facts.js";
import { keyOf } from "./key.js";
import type { EngineStore } from "./store.js";

/** Where engines are kept, and whether one is built where there is none. */
export interface Engines {
  readonly store: EngineStore;
  readonly build: boolean;
  readonly timing?: Partial<BesideTiming>;
}

/** How TensorRT comes to a model: beside the providers that are ready at once. */
export interface EnginePlan extends Engines {
  /** The key of the engine of a model that is to be opened so. */
  keyOf(options: EngineOptions): string;
}

/**
 * Null where TensorRT is opened in its place in the order, as any provider: where it is not asked for, nothing else may be tried, or the
 * machine can have none.
 * @param order of the providers that may be tried
 * @throws CodedError BINDING_UNUSABLE
 */
export async function enginePlan(
  order: readonly string[],
  { device }: InferenceConfig,
  engines: Engines,
  gpu: boolean,
): Promise<EnginePlan | null> {
  if (!order.includes("tensorrt") || order.length === 1) return null;
  // npm's binding lists TensorRT on every x86-64 machine; who names another one means it.
  if (!gpu && !process.env.RETORT_ORT_BINDING) return null;
  const runtime = onnxRuntime();
  const offer = offerOf(loadBinding(runtime).backends, "tensorrt");
  if (offer === null) return null;
  const facts = await gpuFacts(device);
  const { node, common } = runtime.env.versions;
  const version = `${node ?? common}${offer.options ? " with options" : ""}`;
  return {
    ...engines,
    keyOf: (options) => {
      const { sha256: model, precision, batchSizes, gpuLimits = null } = setupOf(options);
      return keyOf({ ...facts, model, runtime: version, precision, batchSizes, limits: gpuLimits });
    },
  };
}
