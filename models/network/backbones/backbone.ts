import type { Value } from "../../graph/graph.js";
import type { EncoderLayers } from "../layers/layers.js";
import type { BlockDesign } from "../stage.js";

/** Feature maps at three scales, fine to coarse. */
export type Features = readonly [Value, Value, Value];

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
  /** The blocks of the student that learns from it. */
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
export interface StudentDesign {
  readonly block: BlockDesign;
  /** Blocks of the student's stages, coarse to fine. */
  readonly depths: readonly [number, number, number];
  /** Blocks of the bottleneck's one-class embedding. */
  readonly embeddingDepth: number;
}
