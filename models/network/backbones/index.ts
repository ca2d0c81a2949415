import { CodedError } from "../../../errors.js";
import type { Weights } from "../../weights/weights.js";
import type { Backbone } from "./backbone.js";
import { RESNET_NAMES, resnet } from "./resnet.js";

/** The backbones by name. A file of weights settles what the name leaves open, such as a narrower network's channels. */
const BACKBONES: ReadonlyMap<string, (weights: Weights) => Backbone> = new Map(
  RESNET_NAMES.map((name) => [name, (weights) => resnet(name, weights.get("conv1.weight")?.shape[0])]),
);

export const BACKBONE_NAMES: readonly string[] = [...BACKBONES.keys()];

/**
 * @param weights of its classifier or encoder, as far as they are known; need not be checked
 * @throws CodedError ARCH_UNKNOWN
 */
export function backboneOf(name: string, weights: Weights = new Map()): Backbone {
  const backbone = BACKBONES.get(name);
  if (backbone !== undefined) return backbone(weights);
  throw new CodedError("ARCH_UNKNOWN", `architecture ${name} is not known`, {
    at: "arch",
    remedy: `Choose one of ${BACKBONE_NAMES.join(", ")}.`,
  });
}
