import { cudaEntry } from "./cuda.js";
import { bytesText, commonOptions, type Provider } from "./provider.js";
import type { GpuLimits, ProviderEntry, Wish } from "./session.js";

/** NVIDIA's GPUs by engines that TensorRT builds for the model: minutes at the first start, the quickest afterwards. */
export const tensorrt: Provider = {
  name: "tensorrt",
  sessionOptions: (wish, { options }) => ({
    ...commonOptions(wish),
    // What TensorRT does not take is run by CUDA, not by the CPU.
    executionProviders: [tensorrtEntry(wish, options), cudaEntry(wish, options)],
  }),
};

/**
 * Its own options, of onnxruntime.ai's page "TensorRT Execution Provider". A model's precision is that of its graph: a float16 or int8 graph
 * (of `retort quantize`) is what allows TensorRT to compute in it, for nothing but its networks.
 */
function tensorrtEntry(wish: Wish, options: boolean): ProviderEntry {
  const { device, precision, input, batchSizes, cacheFolder, gpuLimits } = wish;
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
      ...(cacheFolder === null ? {} : cached(cacheFolder)),
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

function cached(folder: string): Readonly<Record<string, string>> {
  return {
    trt_engine_cache_enable: "1",
    trt_engine_cache_path: folder,
    trt_timing_cache_enable: "1",
    trt_timing_cache_path: folder,
  };
}
