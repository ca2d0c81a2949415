import { CodedError } from "../../../errors.js";
import type { Weights } from "../../weights/weights.js";
import type { Backbone, Variant } from "./backbone.js";
import { CONVNEXT_NAMES, convnext } from "./convnext.js";
import { EMBEDDED_NAME } from "./embedded.js";
import { RESNET_NAMES, resnet } from "./resnet.js";

/** The backbones by name. A file of weights settles what the name leaves open, such as a narrower network's channels. */
const RESNETS: ReadonlyMap<string, (weights: Weights) => Backbone> = new Map(
  RESNET_NAMES.map((name) => [name, (weights) => resnet(name, weights.get("conv1.weight")?.shape[0])]),
);
const CONVNEXTS: ReadonlyMap<string, (weights: Weights, variant: Variant | undefined) => Backbone> = new Map(
  CONVNEXT_NAMES.map((name) => [
    name,
    (weights, variant) => convnext(name, { channels: weights.get("features.0.0.weight")?.shape[0], variant }),
  ]),
);

export const BACKBONE_NAMES: readonly string[] = [...RESNETS.keys(), ...CONVNEXTS.keys()];

/**
 * @param weights of its classifier or encoder, as far as they are known; need not be checked
 * @param variant of a ConvNeXt; `retort` unless given
 * @throws CodedError ARCH_UNKNOWN; OPTION_INVALID for a variant of a ResNet
 */
export function backboneOf(name: string, weights: Weights = new Map(), variant?: Variant): Backbone {
  const convNext = CONVNEXTS.get(name);
  if (convNext !== undefined) return convNext(weights, variant);
  const backbone = RESNETS.get(name);
  if (backbone !== undefined && variant !== undefined) {
    throw new CodedError("OPTION_INVALID", `--variant is ${variant}, and ${name} has no variants`, {
      at: "variant",
      remedy: `Leave it out, or choose one of ${CONVNEXT_NAMES.join(", ")}.`,
    });
  }
  if (backbone !== undefined) return backbone(weights);
  throw new CodedError("ARCH_UNKNOWN", `architecture ${name} is not known`, {
    at: "arch",
    remedy: `Choose one of ${BACKBONE_NAMES.join(", ")}, or ${EMBEDDED_NAME} for a teacher of your own.`,
  });
}
