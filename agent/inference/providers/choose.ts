import { CodedError, messageOf } from "../../../errors.js";
import type { ProviderReport, ProviderTrial } from "../protocol.js";
import { cpu } from "./cpu.js";
import { cuda } from "./cuda.js";
import { offerOf, reaching, unreached } from "./offer.js";
import type { Provider } from "./provider.js";
import type { Binding, Session, Wish } from "./session.js";
import { tensorrt } from "./tensorrt.js";

export interface Choice {
  readonly session: Session;
  readonly report: ProviderReport;
}

const PROVIDERS: ReadonlyMap<string, Provider> = new Map([cpu, cuda, tensorrt].map((each) => [each.name, each]));

/**
 * Opens the model on the first provider of the order that can hold it; later ones are not tried.
 * @param model the bytes of a checked model
 * @param built reads what TensorRT built of it; null where there is nothing. Rejects where it is not to be trusted
 * @throws CodedError ENGINE_NO_PROVIDER, with every provider's reason, when none can.
 */
export async function chooseProvider(
  order: readonly string[],
  binding: Binding,
  model: Uint8Array,
  wish: Wish,
  built: (() => Promise<Uint8Array>) | null = null,
): Promise<Choice> {
  const tried: ProviderTrial[] = [];
  for (const [index, name] of order.entries()) {
    try {
      const { session, ...reach } = await openOn(
        name,
        binding,
        name === "tensorrt" ? ((await built?.()) ?? model) : model,
        wish,
      );
      tried.push({
        provider: name,
        taken: true,
        reason: index === 0 ? "the first choice" : "the best that works here",
      });
      const rest = order.slice(index + 1).map((each) => ({ provider: each, taken: false, reason: "not needed" }));
      return { session, report: { used: name, tried: [...tried, ...rest], ...reach } };
    } catch (error) {
      tried.push({ provider: name, taken: false, reason: firstLine(messageOf(error)) });
    }
  }
  throw new CodedError("ENGINE_NO_PROVIDER", tried.map(({ provider, reason }) => `${provider}: ${reason}`).join("; "), {
    remedy: "Check the model file, and keep cpu in inference.providers.",
  });
}

async function openOn(name: string, binding: Binding, model: Uint8Array, wish: Wish) {
  const provider = PROVIDERS.get(name);
  const offer = offerOf(binding.backends, name);
  if (provider === undefined || offer === null) {
    const has = binding.backends.map((each) => each.name).join(", ");
    throw new Error(`this build of ONNX Runtime is without it; it has ${has}`);
  }
  const session = await binding.open(model, wish.input, provider.sessionOptions(wish, offer));
  return { session, reaches: reaching(provider.name, offer), unreached: unreached(provider.name, offer, wish) };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!.slice(0, 300);
}
