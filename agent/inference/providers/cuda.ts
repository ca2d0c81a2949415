import { bytesText, commonOptions, type Provider } from "./provider.js";
import type { ProviderEntry, Wish } from "./session.js";

/** NVIDIA's GPUs by cuDNN: ready in seconds. */
export const cuda: Provider = {
  name: "cuda",
  sessionOptions: (wish, { options }) => ({ ...commonOptions(wish), executionProviders: [cudaEntry(wish, options)] }),
};

/**
 * CUDA as an entry of a session's providers. Its own options, of onnxruntime.ai's page "CUDA Execution Provider": each shape's convolutions
 * are tried once while the model is warmed up, memory grows by what is asked for and not by powers of two, and what is stated to be
 * float32 is not computed in TF32.
 */
export function cudaEntry({ device, precision, gpuLimits }: Wish, options: boolean): ProviderEntry {
  const entry = { name: "cuda", deviceId: device };
  if (!options) return entry;
  return {
    ...entry,
    options: {
      arena_extend_strategy: "kSameAsRequested",
      cudnn_conv_algo_search: "EXHAUSTIVE",
      use_tf32: precision === "fp32" ? "0" : "1",
      ...(gpuLimits?.gpuMemoryMb ? { gpu_mem_limit: bytesText(gpuLimits.gpuMemoryMb) } : {}),
    },
  };
}
