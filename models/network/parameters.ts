import type { Backbone } from "./backbones/backbone.js";
import type { ConvNext } from "./backbones/convnext.js";
import { DeclaredLayers, type DeclaredParameter } from "./layers/declared-layers.js";
import { taught } from "./student.js";

/** Any that all strides divide: tensors do not depend on it. */
const SIDE = 64;

/** The backbone's tensors, in the order in which it uses them. */
export function teacherParameters(backbone: Backbone): readonly DeclaredParameter[] {
  const layers = new DeclaredLayers();
  backbone.encode(layers, layers.input(["N", 3, SIDE, SIDE]));
  return layers.parameters;
}

/** The tensors of a ConvNeXt's first three stages, or of all four. */
export function stageParameters(backbone: ConvNext, count: 3 | 4): readonly DeclaredParameter[] {
  const layers = new DeclaredLayers();
  backbone.stages(layers, layers.input(["N", 3, SIDE, SIDE]), count);
  return layers.parameters;
}

/** The tensors of bottleneck (`bn.`) and student (`decoder.`), in the order in which they are used. */
export function studentParameters(backbone: Backbone): readonly DeclaredParameter[] {
  const layers = new DeclaredLayers();
  const map = ({ channels, stride }: Backbone["scales"][number]) =>
    layers.input(["N", channels, SIDE / stride, SIDE / stride]);
  const [fine, middle, coarse] = backbone.scales;
  taught(layers, backbone, [map(fine), map(middle), map(coarse)]);
  return layers.parameters;
}
