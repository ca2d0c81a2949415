import { Graph, type Value } from "../graph/graph.js";
import { add, cast, mul, transpose } from "../graph/ops.js";
import type { Weights } from "../weights/weights.js";
import { anomalyMap } from "./anomaly-map.js";
import type { Backbone, Features } from "./backbones/backbone.js";
import { bottleneck } from "./bottleneck.js";
import { FoldedLayers } from "./layers/folded-layers.js";
import { student } from "./student.js";

/** ImageNet's channel means and deviations, on a scale of 0 to 1: what torchvision's teachers were trained with. */
export const MEAN = [0.485, 0.456, 0.406];
export const DEVIATION = [0.229, 0.224, 0.225];

export interface InputSize {
  readonly width: number;
  readonly height: number;
}

/** The input of a graph as cameras deliver it, and as encoders take it: `image` uint8 [N, H, W, 3] -> float32 [N, 3, H, W], normalised. */
export function imageInput(g: Graph, { width, height }: InputSize): Value {
  const image = g.input("image", "uint8", ["N", height, width, 3]);
  const planes = transpose(g, cast(g, image, "float32"), [0, 3, 1, 2]);
  const perChannel = (values: readonly number[]) => g.constant(Float32Array.from(values), [1, 3, 1, 1]);
  const scaled = mul(g, planes, perChannel(DEVIATION.map((deviation) => 1 / (255 * deviation))));
  return add(g, scaled, perChannel(MEAN.map((mean, channel) => -mean / DEVIATION[channel]!)));
}

/** The graph of the teacher alone: `image` -> its three feature maps, named f1, f2, f3 (for training and for checks). */
export function teacherGraph(backbone: Backbone, weights: Weights, size: InputSize): Graph {
  const g = new Graph("teacher");
  const features = backbone.encode(new FoldedLayers(g, weights), imageInput(g, size));
  features.forEach((value, index) => {
    g.output(g.node("Identity", [value], value.shape, { name: `f${index + 1}` }));
  });
  return g;
}

/**
 * The graph of reverse distillation for inference, as a bundle holds it: `image` uint8 [N, H, W, 3] -> `score` [N], `map` [N, H, W].
 * @param options.inner also puts out the features (teacher1..3, bottleneck, student1..3), for parity checks
 */
export function inferenceGraph(
  backbone: Backbone,
  weights: { readonly teacher: Weights; readonly student: Weights },
  size: InputSize,
  options: { readonly inner?: boolean } = {},
): Graph {
  const g = new Graph("reverse_distillation");
  const encoded = backbone.encode(new FoldedLayers(g, weights.teacher), imageInput(g, size));
  const studentLayers = new FoldedLayers(g, weights.student);
  const embedding = bottleneck(studentLayers, backbone, encoded);
  const restored = student(studentLayers, backbone, embedding);
  const { score, map } = anomalyMap(g, encoded, restored, size);
  g.output(score);
  g.output(map);
  if (options.inner) exposeInner(g, encoded, embedding, restored);
  return g;
}

function exposeInner(g: Graph, encoded: Features, embedding: Value, restored: Features): void {
  const expose = (value: Value, name: string) => g.output(g.node("Identity", [value], value.shape, { name }));
  encoded.forEach((value, index) => void expose(value, `teacher${index + 1}`));
  expose(embedding, "bottleneck");
  restored.forEach((value, index) => void expose(value, `student${index + 1}`));
}
