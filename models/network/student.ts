import type { Value } from "../graph/graph.js";
import type { Backbone, Features, ResidualDesign, Taught } from "./backbones/backbone.js";
import { bottleneck } from "./bottleneck.js";
import type { MirroredLayers, StudentLayers } from "./layers/layers.js";
import { mirroredStudent } from "./mirrored.js";
import { enlargingStage } from "./stage.js";

/** The backbone's student, bottleneck (`bn.`) and decoder (`decoder.`), over the teacher's maps. */
export function taught(layers: StudentLayers & MirroredLayers, backbone: Backbone, encoded: Features): Taught {
  const design = backbone.student;
  return design.kind === "mirrored"
    ? mirroredStudent(layers, backbone, design, encoded)
    : residualStudent(layers, backbone, design, encoded);
}

/**
 * RD4AD's student: {@link bottleneck}, then the decoder, its de_resnet, prefix `decoder.`: each stage restores one of the backbone's maps, the
 * coarsest first. Of a signed one a linear layer ends each map (`decoder.head1` to 3); the next stage takes what that layer takes.
 */
export function residualStudent(
  layers: StudentLayers,
  backbone: Pick<Backbone, "scales">,
  design: ResidualDesign,
  encoded: Features,
): Taught {
  const embedding = bottleneck(layers, backbone, design, encoded);
  const { block, depths, signed } = design;
  const outOf = (index: 0 | 1 | 2) => backbone.scales[2 - index]!.channels;
  const decoded = (x: Value, index: 0 | 1 | 2) =>
    enlargingStage(layers, block, x, {
      prefix: `decoder.layer${index + 1}`,
      out: outOf(index),
      depth: depths[index],
    });
  const coarse = decoded(embedding, 0);
  const middle = decoded(coarse, 1);
  const fine = decoded(middle, 2);
  const headed = (x: Value, index: 0 | 1 | 2) =>
    signed ? layers.linear(x, `decoder.head${index + 1}`, outOf(index)) : x;
  return { embedding, restored: [headed(fine, 2), headed(middle, 1), headed(coarse, 0)] };
}
