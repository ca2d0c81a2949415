import type { ProviderName } from "../../../config/types.js";
import type { Offer } from "./offer.js";
import type { SessionOptions, Wish } from "./session.js";

/** An execution provider of ONNX Runtime: how a session is to be opened on it. */
export interface Provider {
  readonly name: ProviderName;
  /** Nothing that the binding at hand does not hand on. */
  sessionOptions(wish: Wish, offer: Offer): SessionOptions;
}

/**
 * How long ONNX Runtime's threads burn their core waiting for the next operator. Its own default keeps spinning between
 * frames: on two cores that took a quarter of the frames of a trivial model, and where other programs compete for the
 * cores half those of a ResNet-18; none at all costs the ResNet-18 5 % on an idle machine.
 */
const SPIN_US = "50";

/** Megabytes as the text of an option that is in bytes. */
export function bytesText(megabytes: number): string {
  return String(megabytes * 1_048_576);
}

/** What every provider's session is opened with: some operators run on the CPU, whatever the provider. */
export function commonOptions({ threads }: Wish): Omit<SessionOptions, "executionProviders"> {
  return {
    ...(threads > 0 ? { intraOpNumThreads: threads } : {}),
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    logSeverityLevel: 4,
    extra: { session: { intra_op: { spin_duration_us: SPIN_US } } },
  };
}
