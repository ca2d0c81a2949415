import type { Value } from "../graph/graph.js";
import type { Backbone, Features, ResidualDesign } from "./backbones/backbone.js";
import { conv3x3, type StudentLayers } from "./layers/layers.js";
import { stage } from "./stage.js";

/**
 * The trainable bottleneck of RD (Deng & Li, CVPR 2022, section 3.3), RD4AD's BN_layer, prefix `bn.`.
 * MFF brings the three maps to the coarsest one's size and joins them; OCE is a ResNet's stage over the join.
 * @returns the embedding: twice the coarsest map's channels, half its height and width
 */
export function bottleneck(
  layers: StudentLayers,
  { scales }: Pick<Backbone, "scales">,
  student: ResidualDesign,
  [fine, middle, coarse]: Features,
): Value {
  const [, second, third] = scales;
  const down = (x: Value, index: number, { channels }: { readonly channels: number }) =>
    layers.relu(layers.convNorm(x, `bn.conv${index}`, `bn.bn${index}`, conv3x3(channels, 2)));
  const fromFine = down(down(fine, 1, second), 2, third);
  const joined = layers.concat([fromFine, down(middle, 3, third), coarse]);
  return stage(layers, student.block, joined, {
    prefix: "bn.bn_layer",
    out: 2 * third.channels,
    depth: student.embeddingDepth,
    stride: 2,
  });
}
