import { cudaEntry } from "./cuda.js";
import { bytesText, commonOptions, type Provider } from "./provider.js";
import type { EngineBuild, GpuLimits, ProviderEntry, Wish } from "./session.js";

/** NVIDIA's GPUs by engines that TensorRT builds for the model, for minutes; from one that was built before (engines/), ready in seconds. */
export const tensorrt: Provider = {
  name: "tensorrt",
  sessionOptions: (wish, { options }) => {
    const common = commonOptions(wish);
    return {
      ...common,
      extra: { ...common.extra, ...(wish.build === null ? {} : savingTo(wish.build)) },
      // What TensorRT does not take is run by CUDA, not by the CPU.
      executionProviders: [tensorrtEntry(wish, options), cudaEntry(wish, options)],
    };
  },
};

/**
 * The engine becomes part of the file: a session of it opens no other (onnxruntime.ai's page "EP Context Design"). npm's binding (1.30) sets
 * these after the provider, which reads them before: through it nothing is written.
 */
function savingTo({ file }: EngineBuild): Readonly<Record<string, unknown>> {
  return { ep: { context_enable: "1", context_file_path: file, context_embed_mode: "1" } };
}

/**
 * Its own options, of onnxruntime.ai's page "TensorRT Execution Provider". A model's precision is that of its graph: a float16 or int8 graph
 * (of `retort quantize`) is what allows TensorRT to compute in it, for nothing but its networks.
 */
function tensorrtEntry(wish: Wish, options: boolean): ProviderEntry {
  const { device, precision, input, batchSizes, build, gpuLimits } = wish;
  const entry = { name: "tensorrt", deviceId: device };
  if (!options) return entry;
  const shape = (count: number): string => `image:${count}x${input.height}x${input.width}x3`;
  const most = batchSizes.at(-1) ?? 1;
  return {
    ...entry,
    options: {
      trt_fp16_enable: precision === "fp16" ? "1" : "0",
      trt_int8_enable: precision === "int8" ? "1" : "0",
      // One engine for all batch sizes: without a profile each new size is a build of minutes.
      trt_profile_min_shapes: shape(1),
      trt_profile_opt_shapes: shape(most),
      trt_profile_max_shapes: shape(most),
      ...(build === null ? {} : saved(build)),
      ...(gpuLimits === undefined ? {} : limited(gpuLimits)),
    },
  };
}

/** What a DLA cannot run is left to the GPU: ONNX Runtime allows TensorRT that wherever a DLA is asked for. */
function limited({ workspaceMb, dlaCore }: GpuLimits): Readonly<Record<string, string>> {
  return {
    ...(workspaceMb === null ? {} : { trt_max_workspace_size: bytesText(workspaceMb) }),
    ...(dlaCore === null ? {} : { trt_dla_enable: "1", trt_dla_core: String(dlaCore) }),
  };
}

/** The same as `savingTo`, by the provider's own names, and what makes the next build quicker. */
function saved({ file, timingFolder }: EngineBuild): Readonly<Record<string, string>> {
  return {
    trt_dump_ep_context_model: "1",
    trt_ep_context_file_path: file,
    trt_ep_context_embed_mode: "1",
    trt_timing_cache_enable: "1",
    trt_timing_cache_path: timingFolder,
  };
}
