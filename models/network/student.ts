import type { Value } from "../graph/graph.js";
import type { Arch } from "./arch.js";
import { stage } from "./block.js";
import type { Layers } from "./layers.js";
import type { Features } from "./resnet.js";

/**
 * The student decoder: the encoder mirrored (RD4AD's de_resnet), prefix `decoder.`; its first stage restores the coarsest map.
 * @param embedding [N, 8C e, H/32, W/32]
 * @returns maps of the teacher's shapes, fine to coarse
 */
export function student(layers: Layers, arch: Arch, embedding: Value): Features {
  const decode = (x: Value, index: 0 | 1 | 2) =>
    stage(layers, arch, x, {
      prefix: `decoder.layer${index + 1}`,
      planes: arch.channels * 2 ** (2 - index),
      blocks: arch.layers[index],
      stride: 2,
      shortcut: "upsample",
    });
  const coarse = decode(embedding, 0);
  const middle = decode(coarse, 1);
  return [decode(middle, 2), middle, coarse];
}

/** Tensors of RD4AD's state dicts that take no part. */
export const unusedInStudent = (name: string): boolean =>
  name.startsWith("bn.conv4.") || name.startsWith("bn.bn4.") || name.endsWith("num_batches_tracked");
