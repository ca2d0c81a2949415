import { CodedError } from "../../errors.js";
import { countOver } from "../graph/gradients.js";
import { fixed, Graph, type Value } from "../graph/graph.js";
import { add, div, dot, mul, product, reshape, sub } from "../graph/ops.js";
import type { Backbone, Features } from "../network/backbones/backbone.js";
import { CONVNEXT_NAMES, convnext } from "../network/backbones/convnext.js";
import { RESNET_NAMES, resnet } from "../network/backbones/resnet.js";
import type { DeclaredParameter } from "../network/layers/declared-layers.js";
import { TrainedConvNextLayers } from "../network/layers/trained-convnext-layers.js";
import { batched, TrainedLayers } from "../network/layers/trained-layers.js";
import { imageInput } from "../network/rd.js";
import { RECIPE } from "../training/recipe.js";
import { finishStep } from "../training/step.js";

/** An encoder that learns to see as another one does. */
export interface Trunk {
  readonly backbone: Backbone;
  /** Its maps of `image` [1, 3, N, H, W], fine to coarse, in layers that know its parameters. */
  build(
    g: Graph,
    image: Value,
  ): { readonly layers: Pick<TrainedLayers, "trained" | "averages">; readonly maps: Features };
}

/**
 * The trunk of an architecture: a ResNet, or a ConvNeXt whose maps are taken after the norms between the stages.
 * @param channels of the stem; the name's own unless given
 * @throws CodedError ARCH_UNKNOWN
 */
export function trunkOf(arch: string, channels?: number): Trunk {
  const resnetName = RESNET_NAMES.find((name) => name === arch);
  if (resnetName !== undefined) {
    const backbone = resnet(resnetName, channels);
    return {
      backbone,
      build(g, image) {
        const layers = new TrainedLayers(g, RECIPE.norm);
        return { layers, maps: backbone.encode(layers, image) };
      },
    };
  }
  const convNextName = CONVNEXT_NAMES.find((name) => name === arch);
  if (convNextName === undefined) {
    const remedy = `Choose one of ${[...RESNET_NAMES, ...CONVNEXT_NAMES].join(", ")}.`;
    throw new CodedError("ARCH_UNKNOWN", `architecture ${arch} cannot be trained`, { at: "arch", remedy });
  }
  const backbone = convnext(convNextName, { channels, edges: "zeros" });
  return {
    backbone,
    build(g, image) {
      const layers = new TrainedConvNextLayers(g);
      const [fine, middle, coarse] = backbone.stages(layers, image, 3);
      return { layers, maps: [fine!, middle!, coarse!] };
    },
  };
}

/**
 * The tensors of the linear layers that bring each of the student's maps to the teacher's channels. They begin at zero, as biases do: the
 * first guess is the mean. Thrown away afterwards.
 */
export function headParameters(student: Backbone, teacher: Backbone): readonly DeclaredParameter[] {
  return student.scales.flatMap(({ channels }, index): DeclaredParameter[] => {
    const out = teacher.scales[index]!.channels;
    return [
      { name: `head${index + 1}.weight`, shape: [out, channels], kind: "bias" },
      { name: `head${index + 1}.bias`, shape: [out], kind: "bias" },
    ];
  });
}

/**
 * One step of distillation (the recipe of EfficientAD's teacher: Batzner, Heckler & König, WACV 2024). Inputs beside the parameters: `image` uint8
 * [N, size, size, 3]; the teacher's maps of it f1, f2, f3 [N, C, H, W]; of each map its channels' `mean1` to 3 and `deviation1` to 3 [C].
 * The loss is the mean over three scales of the mean square of what a linear layer over the student's map misses of the standardised
 * map: 1 is what the mean alone would miss. `loss1` to 3 are the scales' own.
 */
export function distilStep(trunk: Trunk, teacher: Backbone, size: number): Graph {
  const g = new Graph("distillation_step");
  const image = batched(g, imageInput(g, { width: size, height: size }));
  const { layers, maps } = trunk.build(g, image);
  const heads = new Map(
    headParameters(trunk.backbone, teacher).map(({ name, shape }) => [name, g.input(name, "float32", shape)]),
  );
  for (const [name, value] of heads) layers.trained.set(name, value);
  const losses = maps.map((map, index) => {
    const { channels, stride } = teacher.scales[index]!;
    const target = g.input(`f${index + 1}`, "float32", ["N", channels, size / stride, size / stride]);
    const ofChannel = (name: string) =>
      reshape(g, g.input(`${name}${index + 1}`, "float32", [channels]), [1, channels, 1, 1, 1]);
    const centred = sub(g, batched(g, target), ofChannel("mean"));
    const wanted = div(g, centred, ofChannel("deviation"));
    const places = reshape(g, map, [fixed(map.shape[1]), "NHW"]);
    const linear = product(g, heads.get(`head${index + 1}.weight`)!, places);
    const shown = add(g, linear, reshape(g, heads.get(`head${index + 1}.bias`)!, [channels, 1]));
    const missed = sub(g, reshape(g, shown, wanted.shape), wanted);
    const loss = div(g, dot(g, missed, missed, 1), countOver(g, wanted, [1, 2, 3, 4]));
    g.output(g.node("Identity", [loss], loss.shape, { name: `loss${index + 1}` }));
    return loss;
  });
  finishStep(g, layers, mul(g, add(g, add(g, losses[0]!, losses[1]!), losses[2]!), g.scalar(1 / 3)));
  return g;
}
