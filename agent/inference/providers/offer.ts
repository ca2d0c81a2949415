import type { ProviderName } from "../../../config/types.js";
import type { Backend } from "./session.js";

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
  cuda: { always: ["device"], own: ["memory growth", "convolution search", "TF32"] },
  tensorrt: { always: ["device"], own: ["precision", "engine cache", "timing cache", "profile shapes"] },
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
