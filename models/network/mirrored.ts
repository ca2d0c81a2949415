import type { Value } from "../graph/graph.js";
import type { Backbone, Features, MirroredDesign, Taught } from "./backbones/backbone.js";
import { convNextBlock } from "./backbones/convnext.js";
import type { MirroredLayers } from "./layers/layers.js";

/**
 * The symmetric student for a ConvNeXt, variant `study`: reverse distillation's bottleneck and decoder in ConvNeXt's own parts. The three maps
 * come to the coarsest one's size by ConvNeXt's downsampling (LayerNorm, 2x2 convolution), are joined, and the fourth stage is the one-class
 * embedding; three stages as deep as the teacher's, in the opposite order, restore its maps, each behind the downsampling's mirror image.
 * @returns maps of the backbone's shapes, as signed as the teacher's
 */
export function mirroredStudent(
  layers: MirroredLayers,
  { scales }: Pick<Backbone, "scales">,
  { depths }: MirroredDesign,
  [fine, middle, coarse]: Features,
): Taught {
  const [first, second, third] = scales.map(({ channels }) => channels) as [number, number, number];
  const halved = (x: Value, name: string, out: number) =>
    layers.patches(x, `bn.${name}.1`, { out, side: 2, norm: `bn.${name}.0` });
  const blocks = (x: Value, prefix: string, channels: number, depth: number) => {
    let y = x;
    for (let index = 0; index < depth; index += 1) {
      y = convNextBlock(layers, y, { prefix: `${prefix}.${index}`, channels, edges: "zeros" });
    }
    return y;
  };
  const restored = (x: Value, index: 1 | 2 | 3, channels: number) => {
    const name = `decoder.layer${index}`;
    const enlarged = layers.enlarge(layers.layerNorm(x, `${name}.upsample.0`), `${name}.upsample.1`, channels);
    return blocks(enlarged, name, channels, depths[3 - index]!);
  };
  const fromFine = halved(halved(fine, "downsample1", second), "downsample2", third);
  const joined = layers.concat([fromFine, halved(middle, "downsample3", third), coarse]);
  const embedding = blocks(halved(joined, "downsample4", 2 * third), "bn.layer", 2 * third, depths[3]);
  const deepest = restored(embedding, 1, third);
  const between = restored(deepest, 2, second);
  return { embedding, restored: [restored(between, 3, first), between, deepest] };
}
