import type { DeclaredParameter } from "../network/layers/declared-layers.js";
import type { Random } from "../random.js";
import type { Weights } from "../weights/weights.js";
import { RECIPE } from "./recipe.js";

/**
 * The weights that RD4AD's training begins with: convolutions He-normal by fan-out (Kaiming, `mode="fan_out"`), transposed ones PyTorch's default
 * (uniform within 1 / sqrt(fan_in), fan_in counted on [in, out, k, k] as PyTorch does), norms at identity. ConvNeXt's: linear layers and
 * depthwise convolutions He-normal by fan-in, layer scales as the recipe has them, biases at zero.
 */
export function initialWeights(parameters: readonly DeclaredParameter[], random: Random): Weights {
  const { convVariance, deconvBound, layerScale } = RECIPE.initial;
  return new Map(
    parameters.map(({ name, shape, kind }) => {
      const data = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
      const [first = 1, second = 1, height = 1, width = 1] = shape;
      if (kind === "conv" || kind === "linear" || kind === "depthwise") {
        const deviation = Math.sqrt(convVariance / ((kind === "conv" ? first : second) * height * width));
        for (let index = 0; index < data.length; index += 1) data[index] = random.normal() * deviation;
      } else if (kind === "deconv") {
        const bound = deconvBound / Math.sqrt(second * height * width);
        for (let index = 0; index < data.length; index += 1) data[index] = (random.next() * 2 - 1) * bound;
      } else if (kind === "normWeight" || kind === "runningVar") data.fill(1);
      else if (kind === "layerScale") data.fill(layerScale);
      return [name, { shape, data }];
    }),
  );
}
