import type { Value } from "../graph/graph.js";
import type { Backbone, Features } from "./backbones/backbone.js";
import type { StudentLayers } from "./layers/layers.js";
import { enlargingStage } from "./stage.js";

/**
 * The student decoder, RD4AD's de_resnet, prefix `decoder.`: each stage restores one of the backbone's maps, the coarsest first.
 * @param embedding what {@link bottleneck} yields
 * @returns maps of the backbone's shapes, fine to coarse
 */
export function student(layers: StudentLayers, backbone: Backbone, embedding: Value): Features {
  const { block, depths } = backbone.student;
  const restored = (x: Value, index: 0 | 1 | 2) =>
    enlargingStage(layers, block, x, {
      prefix: `decoder.layer${index + 1}`,
      out: backbone.scales[2 - index]!.channels,
      depth: depths[index],
    });
  const coarse = restored(embedding, 0);
  const middle = restored(coarse, 1);
  return [restored(middle, 2), middle, coarse];
}
