import type { InferenceConfig } from "../../config/types.js";
import type { ProviderReport } from "./protocol.js";

type Fallback = InferenceConfig["fallback"];

/** The providers that may be tried: past the first a fatal fall-back would be. */
export function triable(providers: readonly string[], fallback: Fallback): readonly string[] {
  return fallback === "fatal" ? providers.slice(0, 1) : providers;
}

/** Why it is a fault that a model runs where it does; null where it is none. @param gpu whether the machine has one that a provider could use */
export function fallbackFault({ used, tried }: ProviderReport, fallback: Fallback, gpu: boolean): string | null {
  const taken = tried.findIndex((each) => each.taken);
  const refused = tried.slice(0, Math.max(taken, 0));
  if (refused.length === 0 || fallback === "allow") return null;
  if (fallback === "auto" && !(gpu && used === "cpu")) return null;
  const reasons = refused.map(({ provider, reason }) => `${provider}: ${reason}`).join("; ");
  return `PROVIDER_NOT_USED: the model runs on ${used}; ${reasons}`;
}
