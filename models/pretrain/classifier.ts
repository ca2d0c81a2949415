import { fixed, Graph } from "../graph/graph.js";
import { matMul, mul, reduceMean, reduceSum, reshape, sub, transpose } from "../graph/ops.js";
import type { Backbone } from "../network/backbones/backbone.js";
import type { ResNet } from "../network/backbones/resnet.js";
import type { DeclaredParameter } from "../network/layers/declared-layers.js";
import { batched, TrainedLayers } from "../network/layers/trained-layers.js";
import { RECIPE } from "../training/recipe.js";
import { finishStep } from "../training/step.js";

/** The tensors of the classifier's head over the coarsest map. */
export function headParameters({ scales }: Backbone, classes: number): readonly DeclaredParameter[] {
  return [{ name: "head.weight", shape: [scales[2].channels, classes], kind: "deconv" }];
}

/**
 * One step of pretraining a teacher: it classifies pictures [N, 3, size, size] (`image`, normalised) given `labels` one-hot [N, classes];
 * softmax cross-entropy over the pooled last stage.
 */
export function classifierStep(backbone: ResNet, size: number, classes: number): Graph {
  const g = new Graph("pretraining_step");
  const image = g.input("image", "float32", ["N", 3, size, size]);
  const labels = g.input("labels", "float32", ["N", classes]);
  const layers = new TrainedLayers(g, RECIPE.norm);
  const coarse = backbone.encode(layers, batched(g, image))[2];
  const channels = fixed(coarse.shape[1]);
  const pooled = transpose(g, reshape(g, reduceMean(g, coarse, [3, 4]), [channels, "N"]), [1, 0]);
  const weight = g.input("head.weight", "float32", [channels, classes]);
  layers.trained.set(weight.name, weight);
  const logits = matMul(g, pooled, weight);
  const exponentials = g.node("Exp", [logits], logits.shape);
  const total = reduceSum(g, exponentials, [1]);
  const logarithm = g.node("Log", [total], total.shape);
  const hit = reduceSum(g, mul(g, logits, labels), [1]);
  finishStep(g, layers, reduceMean(g, sub(g, logarithm, hit), [0]));
  return g;
}
