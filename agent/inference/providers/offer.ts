import type { ProviderName } from "../../../config/types.js";
import type { Backend, GpuLimits, Wish } from "./session.js";

/** What the binding at hand offers of one provider. */
export interface Offer {
  /** Whether it hands the provider's own options on. */
  readonly options: boolean;
}

/** What reaches a provider: through any binding, and through one that hands provider options on. */
interface Reach {
  readonly always: readonly string[];
  readonly own: readonly string[];
}

const REACHES: Readonly<Record<ProviderName, Reach>> = {
  cpu: { always: ["threads"], own: [] },
  // onnxruntime's js/node/src/session_options_helper.cc reads `deviceId` of both and no other key (1.30).
  cuda: { always: ["device"], own: ["memory growth", "memory limit", "convolution search", "TF32"] },
  tensorrt: {
    always: ["device"],
    own: ["precision", "engine on disk", "timing cache", "profile shapes", "workspace", "DLA", "memory limit of CUDA"],
  },
};

/**
 * What the binding offers of a provider; null where it was built without it. A binding that is built with a provider may still lack its
 * libraries, which only opening a session shows.
 */
export function offerOf(backends: readonly Backend[], provider: string): Offer | null {
  const backend = backends.find(({ name }) => name === provider);
  return backend === undefined ? null : { options: backend.providerOptions === true };
}

/** What reaches the provider through the binding at hand. */
export function reaching(provider: ProviderName, { options }: Offer): readonly string[] {
  const { always, own } = REACHES[provider];
  return options ? [...always, ...own] : always;
}

/** Which providers take a setting; TensorRT's session has CUDA beside it. */
const TAKEN_BY: Readonly<Record<keyof GpuLimits, readonly ProviderName[]>> = {
  gpuMemoryMb: ["cuda", "tensorrt"],
  workspaceMb: ["tensorrt"],
  dlaCore: ["tensorrt"],
};

/** The settings that somebody made and that do nothing here, each with the reason. */
export function unreached(
  provider: ProviderName,
  { options }: Offer,
  { gpuLimits, precision }: Pick<Wish, "gpuLimits" | "precision">,
): readonly string[] {
  if (gpuLimits === undefined) return [];
  const reasonOf = (name: keyof GpuLimits): string | null => {
    if (gpuLimits[name] === null) return null;
    if (!TAKEN_BY[name].includes(provider)) return `the model runs on ${provider}, which takes no such setting`;
    if (!options) return "this build of ONNX Runtime hands only the device on; deploy/jetson/ makes one that does";
    // ONNX Runtime passes the accelerator over without a word where neither is enabled.
    if (name === "dlaCore" && precision === "fp32") return "a DLA computes in fp16 and int8, and the model is fp32";
    return null;
  };
  return LIMITS.flatMap((name) => {
    const reason = reasonOf(name);
    return reason === null ? [] : [`inference.${name}: ${reason}`];
  });
}

const LIMITS = ["gpuMemoryMb", "workspaceMb", "dlaCore"] as const satisfies readonly (keyof GpuLimits)[];
