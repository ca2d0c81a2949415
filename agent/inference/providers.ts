import type { Precision } from "../../config/types.js";
import { CodedError, messageOf } from "../../errors.js";
import type { ModelPrecision } from "../../models/bundle/bundle.js";
import type { PrecisionReport, ProviderReport, ProviderTrial } from "./protocol.js";

export interface Choice<Session> {
  readonly session: Session;
  readonly report: ProviderReport;
}

/**
 * Opens the model on the first provider of the order that can hold it; later ones are not tried.
 * @throws CodedError ENGINE_NO_PROVIDER, with every provider's reason, when none can.
 */
export async function chooseProvider<Session>(
  order: readonly string[],
  open: (provider: string) => Promise<Session>,
): Promise<Choice<Session>> {
  const tried: ProviderTrial[] = [];
  for (const [index, provider] of order.entries()) {
    try {
      const session = await open(provider);
      tried.push({ provider, taken: true, reason: index === 0 ? "the first choice" : "the best that works here" });
      const rest = order.slice(index + 1).map((each) => ({ provider: each, taken: false, reason: "not needed" }));
      return { session, report: { used: provider, tried: [...tried, ...rest] } };
    } catch (error) {
      tried.push({ provider, taken: false, reason: firstLine(messageOf(error)) });
    }
  }
  throw new CodedError("ENGINE_NO_PROVIDER", tried.map(({ provider, reason }) => `${provider}: ${reason}`).join("; "), {
    remedy: "Check the model file, and keep cpu in inference.providers.",
  });
}

/**
 * What is computed in. ONNX Runtime's binding for Node hands no precision to any provider (microsoft/onnxruntime 18380), so that it is
 * the model's own.
 */
export function precisionOf(asked: Precision, provider: string, used: ModelPrecision = "fp32"): PrecisionReport {
  const reason =
    asked === used ? "as asked" : `${provider} has no choice here: it computes in the model's own, see retort quantize`;
  return { asked, used, reason };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!.slice(0, 300);
}
