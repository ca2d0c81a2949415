import type { Value } from "../graph/graph.js";
import type { Arch } from "./arch.js";
import { stage } from "./block.js";
import type { Layers } from "./layers.js";

/** Feature maps at three scales, fine to coarse: strides 4, 8, 16. */
export type Features = readonly [Value, Value, Value];

/**
 * The teacher encoder: torchvision's ResNet up to its third stage (tensor names too; stage 4 and `fc` take no part).
 * @param image [N, 3, H, W], normalised; H and W multiples of 32
 * @returns [N, C e, H/4, W/4], [N, 2C e, H/8, W/8], [N, 4C e, H/16, W/16]; C: stem channels, e: the block's expansion
 */
export function teacher(layers: Layers, arch: Arch, image: Value): Features {
  const stem = layers.relu(
    layers.convNorm(image, "conv1", "bn1", { out: arch.channels, kernel: 7, stride: 2, padding: 3 }),
  );
  const pooled = layers.maxPool(stem, 3, 2, 1);
  const encode = (x: Value, index: 0 | 1 | 2) =>
    stage(layers, arch, x, {
      prefix: `layer${index + 1}`,
      planes: arch.channels * 2 ** index,
      blocks: arch.layers[index],
      stride: index === 0 ? 1 : 2,
      shortcut: "downsample",
    });
  const fine = encode(pooled, 0);
  const middle = encode(fine, 1);
  return [fine, middle, encode(middle, 2)];
}

/** Tensors of a whole classifier's state dict that reverse distillation has no use for. */
export const unusedInTeacher = (name: string): boolean =>
  name.startsWith("layer4.") || name.startsWith("fc.") || name.endsWith("num_batches_tracked");
