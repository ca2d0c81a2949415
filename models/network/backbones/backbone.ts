import type { Value } from "../../graph/graph.js";
import type { EncoderLayers } from "../layers/layers.js";
import type { BlockDesign } from "../stage.js";

/** Feature maps at three scales, fine to coarse. */
export type Features = readonly [Value, Value, Value];

/**
 * Designs of the student for a ConvNeXt. `study`: its mirror image, which restores the stages' own sums (mirrored.ts). `retort`: ResNet's
 * residual blocks with batch norms, which restore what the next stage's trained LayerNorm makes of those sums, by a linear layer a map.
 */
export const VARIANTS = ["study", "retort"] as const;
export type Variant = (typeof VARIANTS)[number];

/**
 * Where a stage's map is taken: `raw`, as the stage leaves it (the sum of its blocks, signed, of any size), or `normed`, after the
 * LayerNorm that the network itself puts between this stage and the next, with the weights that it was trained with.
 */
export const TAPS = ["raw", "normed"] as const;
export type Taps = (typeof TAPS)[number];

/**
 * What a ConvNeXt's depthwise convolutions see beyond a map's edges: `zeros`, as in its training, or the map itself, `mirrored`. Seven places wide,
 * they make features near the edges of zeros that no student restores well: of nearly every good picture the strangest place is on its edge then.
 */
export const EDGES = ["zeros", "mirrored"] as const;
export type Edges = (typeof EDGES)[number];

/** What an architecture's name leaves open; bundles record it. */
export interface NetworkChoice {
  readonly variant: Variant;
  readonly taps: Taps;
  /** Absent in bundles of version 0.1: zeros. */
  readonly edges?: Edges;
}

/** Which plane of its image a network takes first: red, as torchvision's and timm's do, or blue, as OpenCV and Caffe have it. */
export const CHANNEL_ORDERS = ["rgb", "bgr"] as const;
export type ChannelOrder = (typeof CHANNEL_ORDERS)[number];

/** What a teacher's pictures become before it: of a byte, (byte * scale - mean) / deviation, by channel: red, green, blue. */
export interface Preprocessing {
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
  readonly scale: number;
  /** `rgb` unless given. */
  readonly order?: ChannelOrder;
}

/** What torchvision's and timm's teachers were trained with: ImageNet's channel means and deviations, on a scale of 0 to 1. */
export const IMAGENET: Preprocessing = {
  mean: [0.485, 0.456, 0.406],
  deviation: [0.229, 0.224, 0.225],
  scale: 1 / 255,
  order: "rgb",
};

/** Which values of an ONNX file a bundle's teacher yields, and what its pictures became before it. */
export interface EmbeddedChoice {
  readonly taps: readonly [string, string, string];
  readonly preprocessing: Preprocessing;
}

/** What a student makes of the teacher's maps. */
export interface Taught {
  /** The one-class embedding: twice the coarsest map's channels, half its height and width. */
  readonly embedding: Value;
  /** Maps of the backbone's shapes, fine to coarse. */
  readonly restored: Features;
}

export interface Scale {
  readonly channels: number;
  /** Pixels of the image per place of the map. */
  readonly stride: number;
}

/** A frozen encoder: the teacher, without its weights. */
export interface Backbone {
  /** The name that users choose it by (`--arch`), and that bundles record. */
  readonly name: string;
  /** Its feature maps, fine to coarse; each has half the height and width of the one before it. */
  readonly scales: readonly [Scale, Scale, Scale];
  /** What those maps are called. */
  readonly taps: readonly [string, string, string];
  /** null where the name leaves nothing open. */
  readonly network: NetworkChoice | EmbeddedChoice | null;
  readonly preprocessing: Preprocessing;
  /** The student that learns from it. */
  readonly student: StudentDesign;
  /**
   * @param image [N, 3, H, W], normalised; H and W multiples of twice the coarsest stride
   * @returns maps [N, channels, H / stride, W / stride] of {@link scales}
   */
  encode(layers: EncoderLayers, image: Value): Features;
  /** Whether a tensor of the whole classifier, as its publisher names it, takes no part in the encoder. */
  unused(name: string): boolean;
}

/** How bottleneck and student are built. Their channels and sizes follow from the backbone's scales. */
export type StudentDesign = ResidualDesign | MirroredDesign;

/** Bottleneck and decoder of RD4AD, in the residual blocks of ResNets. */
export interface ResidualDesign {
  readonly kind: "residual";
  readonly block: BlockDesign;
  /** Blocks of the student's stages, coarse to fine. */
  readonly depths: readonly [number, number, number];
  /** Blocks of the bottleneck's one-class embedding. */
  readonly embeddingDepth: number;
  /**
   * Whether a linear layer at each place ends each map: blocks end in a ReLU, and cannot yield the negative values that a ConvNeXt's maps
   * have as often as positive ones.
   */
  readonly signed: boolean;
}

/** The mirror image of a ConvNeXt. */
export interface MirroredDesign {
  readonly kind: "mirrored";
  /** Blocks of the ConvNeXt's four stages. */
  readonly depths: readonly [number, number, number, number];
}
