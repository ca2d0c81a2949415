import { Graph } from "../graph/graph.js";
import type { Backbone, Variant } from "../network/backbones/backbone.js";
import { backboneOf } from "../network/backbones/index.js";
import { RESNET_NAMES, resnet } from "../network/backbones/resnet.js";
import { batched, TrainedLayers } from "../network/layers/trained-layers.js";
import { teacherParameters } from "../network/parameters.js";
import { type InputSize, imageInput } from "../network/rd.js";
import { encodeModel } from "../onnx/encode.js";
import { type Feeds, floats, floatsOf, openSession, Tensor } from "../onnx/session.js";
import { createRandom } from "../random.js";
import { initialWeights } from "../training/initial.js";
import type { Weights, WeightTensor } from "../weights/weights.js";

/** The network that a name stands for, at a width: channels of its first convolution. @throws CodedError ARCH_UNKNOWN */
export function networkOf(arch: string, variant: Variant | null, width: number): Backbone {
  const isResNet = RESNET_NAMES.some((each) => each === arch);
  const stem = { shape: [width], data: new Float32Array(0) };
  return backboneOf(arch, new Map([[isResNet ? "conv1.weight" : "features.0.0.weight", stem]]), variant ?? undefined);
}

/**
 * A teacher that has learned nothing: weights drawn by chance. A ResNet's batch norms take the mean and variance of one picture at each layer, or
 * the maps would grow and shrink from layer to layer; a ConvNeXt's LayerNorms need none.
 * @param pixels uint8 [height, width, 3] of that picture
 */
export async function randomTeacher(
  backbone: Backbone,
  seed: number,
  { pixels, size }: { readonly pixels: Uint8Array; readonly size: InputSize },
): Promise<Weights> {
  const drawn = initialWeights(teacherParameters(backbone), createRandom(seed));
  const name = RESNET_NAMES.find((each) => each === backbone.name);
  if (name === undefined) return drawn;
  const g = new Graph("calibration");
  const layers = new TrainedLayers(g, { momentum: 1 });
  resnet(name, drawn.get("conv1.weight")?.shape[0]).encode(layers, batched(g, imageInput(g, size)));
  for (const average of layers.averages.values()) g.output(average);
  const session = await openSession(encodeModel(g));
  try {
    const image = new Tensor("uint8", pixels, [1, size.height, size.width, 3]);
    const found = await session.run({
      image,
      ...feedsOf(drawn, [...layers.trained.keys(), ...layers.averages.keys()]),
    });
    const calibrated = [...layers.averages].map(([average, { name: output }]): [string, WeightTensor] => {
      const data = floatsOf(found[output]).slice();
      return [average, { shape: [data.length], data }];
    });
    return new Map([...drawn, ...calibrated]);
  } finally {
    await session.close();
  }
}

function feedsOf(weights: Weights, names: readonly string[]): Feeds {
  return Object.fromEntries(
    names.map((name) => {
      const { data, shape } = weights.get(name)!;
      return [name, floats(data, shape)];
    }),
  );
}
