import type { Value } from "../../graph/graph.js";
import type { EncoderLayers } from "../layers/layers.js";
import { type BlockDesign, stage } from "../stage.js";
import { type Backbone, type Features, IMAGENET, type Scale } from "./backbone.js";

/** The ResNets that RD4AD offers; He et al., CVPR 2016, and Zagoruyko & Komodakis, BMVC 2016. */
const TABLE = {
  resnet18: { block: { kind: "basic", inner: 1 }, depths: [2, 2, 2], embeddingDepth: 2 },
  resnet34: { block: { kind: "basic", inner: 1 }, depths: [3, 4, 6], embeddingDepth: 3 },
  resnet50: { block: { kind: "bottleneck", inner: 1 / 4 }, depths: [3, 4, 6], embeddingDepth: 3 },
  wide_resnet50_2: { block: { kind: "bottleneck", inner: 1 / 2 }, depths: [3, 4, 6], embeddingDepth: 3 },
} as const satisfies Readonly<
  Record<string, { block: BlockDesign; depths: readonly number[]; embeddingDepth: number }>
>;

export type ResNetName = keyof typeof TABLE;

export const RESNET_NAMES = Object.keys(TABLE) as readonly ResNetName[];

/** What a ResNet is written in: TrainedLayers have it too, so that one can be pretrained. */
export type ResNetLayers = Pick<EncoderLayers, "convNorm" | "relu" | "add" | "maxPool">;

export interface ResNet extends Backbone {
  encode(layers: ResNetLayers, image: Value): Features;
}

/**
 * torchvision's ResNet up to its third stage, tensor names too, at strides 4, 8 and 16.
 * @param channels of the stem; fewer than 64 make a narrower network
 */
export function resnet(name: ResNetName, channels = 64): ResNet {
  const design = TABLE[name];
  // A bottleneck block ends with four times the channels of its stage.
  const expansion = design.block.kind === "basic" ? 1 : 4;
  const scale = (factor: number): Scale => ({ channels: channels * factor * expansion, stride: 4 * factor });
  const scales = [scale(1), scale(2), scale(4)] as const;
  return {
    name,
    network: null,
    taps: ["layer1", "layer2", "layer3"],
    preprocessing: IMAGENET,
    scales,
    // RD4AD's de_resnet mirrors the encoder's blocks, with the depths in the encoder's order.
    student: { kind: "residual", ...design, signed: false },
    encode(layers, image) {
      const stem = layers.convNorm(image, "conv1", "bn1", { out: channels, kernel: 7, stride: 2, padding: 3 });
      const pooled = layers.maxPool(layers.relu(stem), 3, 2, 1);
      const encoded = (x: Value, index: 0 | 1 | 2) =>
        stage(layers, design.block, x, {
          prefix: `layer${index + 1}`,
          out: scales[index].channels,
          depth: design.depths[index],
          stride: index === 0 ? 1 : 2,
        });
      const fine = encoded(pooled, 0);
      const middle = encoded(fine, 1);
      return [fine, middle, encoded(middle, 2)];
    },
    unused: (tensor) => /^(layer4|fc)\./.test(tensor),
  };
}
