import { fixed, Graph } from "../graph/graph.js";
import { matMul, mul, reduceMean, reduceSum, reshape, sub, transpose } from "../graph/ops.js";
import { type Arch, scalesOf } from "../network/arch.js";
import type { DeclaredParameter } from "../network/declared-layers.js";
import { teacher } from "../network/resnet.js";
import { finishStep } from "../training/step.js";
import { batched, TrainedLayers } from "../training/trained-layers.js";

/** The tensors of the classifier's head over the teacher's last stage. */
export function headParameters(arch: Arch, classes: number): readonly DeclaredParameter[] {
  return [{ name: "head.weight", shape: [scalesOf(arch)[2]!.channels, classes], kind: "deconv" }];
}

/**
 * One step of teaching a teacher: classify pictures [N, 3, size, size] (`image`, normalised) given `labels` one-hot [N, classes];
 * softmax cross-entropy over the pooled last stage.
 */
export function classifierStep(arch: Arch, size: number, classes: number): Graph {
  const g = new Graph("pretraining_step");
  const image = g.input("image", "float32", ["N", 3, size, size]);
  const labels = g.input("labels", "float32", ["N", classes]);
  const layers = new TrainedLayers(g);
  const coarse = teacher(layers, arch, batched(g, image))[2];
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
