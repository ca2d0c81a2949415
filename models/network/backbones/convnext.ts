import type { Value } from "../../graph/graph.js";
import type { ConvNextLayers } from "../layers/layers.js";
import {
  type Backbone,
  type Edges,
  type Features,
  IMAGENET,
  type NetworkChoice,
  type Scale,
  type StudentDesign,
  type Taps,
  type Variant,
} from "./backbone.js";

/** Blocks of the four stages, channels of the first one: timm's small ones, then those of Liu et al., CVPR 2022. */
const TABLE = {
  convnext_atto: { depths: [2, 2, 6, 2], channels: 40 },
  convnext_femto: { depths: [2, 2, 6, 2], channels: 48 },
  convnext_pico: { depths: [2, 2, 6, 2], channels: 64 },
  convnext_nano: { depths: [2, 2, 8, 2], channels: 80 },
  convnext_tiny: { depths: [3, 3, 9, 3], channels: 96 },
  convnext_small: { depths: [3, 3, 27, 3], channels: 96 },
  convnext_base: { depths: [3, 3, 27, 3], channels: 128 },
  convnext_large: { depths: [3, 3, 27, 3], channels: 192 },
} as const;

export type ConvNextName = keyof typeof TABLE;

/** What torchvision's names of the last stage's tensors begin with, and those of what is behind it. */
export const FOURTH_STAGE = /^features\.7\./;
export const CLASSIFIER = /^classifier\./;

export const CONVNEXT_NAMES = Object.keys(TABLE) as readonly ConvNextName[];

/** RD4AD's decoder for ResNet-18, behind an embedding of one block. */
const RESIDUAL: StudentDesign = {
  kind: "residual",
  block: { kind: "basic", inner: 1 },
  depths: [2, 2, 2],
  embeddingDepth: 1,
  signed: true,
};

export interface ConvNext extends Backbone {
  readonly network: NetworkChoice;
  encode(layers: ConvNextLayers, image: Value): Features;
  /** The maps of the first three stages, at strides 4, 8 and 16, or of all four: the last one is at stride 32, and always raw. */
  stages(layers: ConvNextLayers, image: Value, count: 3 | 4): readonly Value[];
}

/**
 * torchvision's ConvNeXt, tensor names too. Its maps are those of the first three stages.
 * @param options.channels of the first stage; other than the name's they make a narrower or wider network
 * @param options.taps the variant's own unless given, and so are its edges
 */
export function convnext(
  name: ConvNextName,
  {
    channels = TABLE[name].channels,
    variant = "retort",
    taps = variant === "study" ? "raw" : "normed",
    edges = variant === "study" ? "zeros" : "mirrored",
  }: {
    readonly channels?: number | undefined;
    readonly variant?: Variant | undefined;
    readonly taps?: Taps | undefined;
    readonly edges?: Edges | undefined;
  } = {},
): ConvNext {
  const { depths } = TABLE[name];
  const scale = (index: number): Scale => ({ channels: channels * 2 ** index, stride: 4 * 2 ** index });
  const stages: ConvNext["stages"] = (layers, image, count) => {
    const found: Value[] = [];
    const stem = layers.patches(image, "features.0.0", { out: channels, side: 4 });
    let x = layers.layerNorm(stem, "features.0.1");
    for (let index = 0; index < count; index += 1) {
      for (let each = 0; each < depths[index]!; each += 1) {
        const prefix = `features.${2 * index + 1}.${each}`;
        x = convNextBlock(layers, x, { prefix, channels: scale(index).channels, edges });
      }
      const [norm, conv] = [`features.${2 * index + 2}.0`, `features.${2 * index + 2}.1`];
      const normed = taps === "normed" && index < 3;
      if (normed) x = layers.layerNorm(x, norm);
      found.push(x);
      if (index + 1 === count) break;
      const next = { out: scale(index + 1).channels, side: 2 };
      x = layers.patches(x, conv, normed ? next : { ...next, norm });
    }
    return found;
  };
  const idle = taps === "raw" ? /^(features\.[67]|classifier)\./ : /^(features\.(6\.1|7)|classifier)\./;
  return {
    name,
    network: { variant, taps, edges },
    taps: taps === "raw" ? ["stage1", "stage2", "stage3"] : ["stage1_norm", "stage2_norm", "stage3_norm"],
    preprocessing: IMAGENET,
    scales: [scale(0), scale(1), scale(2)],
    student: variant === "study" ? { kind: "mirrored", depths } : RESIDUAL,
    stages,
    encode(layers, image) {
      const [fine, middle, coarse] = stages(layers, image, 3);
      return [fine!, middle!, coarse!];
    },
    unused: (tensor) => idle.test(tensor),
  };
}

/** A block of ConvNeXt: depthwise 7x7, then a perceptron at each place, around which x is added. */
export function convNextBlock(
  layers: ConvNextLayers,
  x: Value,
  { prefix, channels, edges }: { readonly prefix: string; readonly channels: number; readonly edges: Edges },
): Value {
  const mixed = layers.depthwise(x, `${prefix}.block.0`, { kernel: 7, isMirrored: edges === "mirrored" });
  const branch = layers.perceptron(mixed, {
    norm: `${prefix}.block.2`,
    expand: `${prefix}.block.3`,
    contract: `${prefix}.block.5`,
    scale: `${prefix}.layer_scale`,
    inner: 4 * channels,
  });
  return layers.add(x, branch);
}
