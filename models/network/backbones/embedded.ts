import type { EmbeddedNetwork } from "../../graph/embedded.js";
import { fixed, type Shape } from "../../graph/graph.js";
import type { Backbone, EmbeddedChoice, Preprocessing, ResidualDesign, Scale } from "./backbone.js";

/** The name that a teacher from an ONNX file has (`--arch`). */
export const EMBEDDED_NAME = "onnx";

/** From so many channels of the deepest map on, the student has ResNet-50's narrow blocks: two full 3x3 convolutions would be hundreds of megabytes. */
const MOST_FOR_BASIC = 512;

/**
 * A teacher that is somebody else's network, with its weights. Whether its maps have negative values is not known, so that its student's
 * end in linear layers, which yield values of either sign.
 * @param scales of its taps, as measured
 */
export function embeddedBackbone(
  network: EmbeddedNetwork,
  scales: readonly [Scale, Scale, Scale],
  preprocessing: Preprocessing,
): Backbone & { readonly network: EmbeddedChoice } {
  const basic = scales[2].channels <= MOST_FOR_BASIC;
  const student: ResidualDesign = {
    kind: "residual",
    block: basic ? { kind: "basic", inner: 1 } : { kind: "bottleneck", inner: 1 / 4 },
    depths: [2, 2, 2],
    embeddingDepth: 1,
    signed: true,
  };
  return {
    name: EMBEDDED_NAME,
    taps: network.taps,
    network: { taps: network.taps, preprocessing },
    ...{ preprocessing, scales, student },
    encode(layers, image) {
      const [images, , height, width] = image.shape;
      const at = ({ channels, stride }: Scale): Shape => [
        images!,
        channels,
        fixed(height) / stride,
        fixed(width) / stride,
      ];
      return layers.embedded(image, network, [at(scales[0]), at(scales[1]), at(scales[2])]);
    },
    unused: () => false,
  };
}
