import type { Value } from "../graph/graph.js";
import { type Arch, expansionOf } from "./arch.js";
import { stage } from "./block.js";
import { conv3x3, type Layers } from "./layers.js";
import type { Features } from "./resnet.js";

/**
 * The trainable bottleneck of RD (Deng & Li, CVPR 2022, section 3.3), RD4AD's BN_layer, prefix `bn.`.
 * MFF brings the three maps to the coarsest one's size and joins them; OCE is the ResNet's fourth stage over the join.
 * @returns the embedding [N, 8C e, H/32, W/32]
 */
export function bottleneck(layers: Layers, arch: Arch, [fine, middle, coarse]: Features): Value {
  const expansion = expansionOf(arch);
  const down = (x: Value, index: number, factor: number) =>
    layers.relu(layers.convNorm(x, `bn.conv${index}`, `bn.bn${index}`, conv3x3(arch.channels * factor * expansion, 2)));
  const fromFine = down(down(fine, 1, 2), 2, 4);
  const fused = layers.concat([fromFine, down(middle, 3, 4), coarse]);
  return stage(layers, arch, fused, {
    prefix: "bn.bn_layer",
    planes: arch.channels * 8,
    blocks: arch.embedding,
    stride: 2,
    shortcut: "downsample",
  });
}
