import type { Weights, WeightTensor } from "../weights.js";

/** timm's names of a ConvNeXt's tensors, and torchvision's for the same; $1 and $2 stand for a stage and a block. */
const NAMES: readonly (readonly [timm: RegExp, torchvision: (stage: number, block: string) => string])[] = [
  [/^stem\.(?=[01]\.)/, () => "features.0."],
  [/^stages\.([0-3])\.downsample\.(?=[01]\.)/, (stage) => `features.${2 * stage}.`],
  [/^stages\.([0-3])\.blocks\.(\d+)\.gamma$/, (stage, block) => `features.${2 * stage + 1}.${block}.layer_scale`],
  [/^stages\.([0-3])\.blocks\.(\d+)\.conv_dw\./, (stage, block) => `features.${2 * stage + 1}.${block}.block.0.`],
  [/^stages\.([0-3])\.blocks\.(\d+)\.norm\./, (stage, block) => `features.${2 * stage + 1}.${block}.block.2.`],
  [/^stages\.([0-3])\.blocks\.(\d+)\.mlp\.fc1\./, (stage, block) => `features.${2 * stage + 1}.${block}.block.3.`],
  [/^stages\.([0-3])\.blocks\.(\d+)\.mlp\.fc2\./, (stage, block) => `features.${2 * stage + 1}.${block}.block.5.`],
  [/^head\.norm\./, () => "classifier.0."],
  [/^head\.fc\./, () => "classifier.2."],
];

/**
 * A ConvNeXt's state dict of timm's under torchvision's names, layer scales [C] as [C, 1, 1]. Tensors with other names stay as they are: one
 * that does not belong is refused by its own name.
 */
export function convNextOfTimm(weights: Weights): Weights {
  return new Map([...weights].map(([name, tensor]) => renamed(name, tensor)));
}

function renamed(name: string, tensor: WeightTensor): [string, WeightTensor] {
  for (const [timm, torchvision] of NAMES) {
    const found = timm.exec(name);
    if (found === null) continue;
    const [start, stage, block] = found;
    const own = torchvision(Number(stage), block ?? "") + name.slice(start.length);
    return [own, { ...tensor, shape: shapeOf(own, tensor.shape) }];
  }
  return [name, tensor];
}

/** Layer scales are [C, 1, 1] here; timm's small ConvNeXts hold their linear layers as pointwise convolutions [O, I, 1, 1]. */
function shapeOf(own: string, shape: readonly number[]): readonly number[] {
  if (own.endsWith(".layer_scale")) return [...shape, 1, 1];
  const pointwise = /\.block\.[35]\.weight$/.test(own) && shape.slice(2).every((size) => size === 1);
  return pointwise ? shape.slice(0, 2) : shape;
}
