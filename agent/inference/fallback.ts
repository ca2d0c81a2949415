import type { InferenceConfig } from "../../config/types.js";
import { isPending } from "../contract/provider-health.js";
import type { ProviderReport } from "./protocol.js";

type Fallback = InferenceConfig["fallback"];

/** The providers that may be tried: past the first a fatal fall-back would be. */
export function triable(providers: readonly string[], fallback: Fallback): readonly string[] {
  return fallback === "fatal" ? providers.slice(0, 1) : providers;
}

/** Why it is a fault that a model runs where it does; null where it is none. @param gpu whether the machine has one that a provider could use */
export function fallbackFault(report: ProviderReport, fallback: Fallback, gpu: boolean): string | null {
  const { used, tried, engine } = report;
  const taken = tried.findIndex((each) => each.taken);
  const pending = isPending(engine);
  const refused = tried.slice(0, Math.max(taken, 0)).filter(({ provider }) => !(pending && provider === "tensorrt"));
  if (refused.length === 0 || fallback === "allow") return null;
  // An engine that was begun and does not come is a fault, whatever runs in its place.
  const wanting = engine !== undefined && engine.state !== "ready" && !pending;
  if (fallback === "auto" && !(gpu && used === "cpu") && !wanting) return null;
  const reasons = refused.map(({ provider, reason }) => `${provider}: ${reason}`).join("; ");
  return `PROVIDER_NOT_USED: the model runs on ${used}; ${reasons}`;
}
