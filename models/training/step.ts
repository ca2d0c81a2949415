import { differentiate } from "../graph/gradients.js";
import { Graph, type NodeOptions, sizeOf, type Value } from "../graph/graph.js";
import { add, div, mul, reshape, sqrt, sub } from "../graph/ops.js";
import type { Backbone, Features } from "../network/backbones/backbone.js";
import { TrainedConvNextLayers } from "../network/layers/trained-convnext-layers.js";
import { batched, TrainedLayers } from "../network/layers/trained-layers.js";
import { mirroredStudent } from "../network/mirrored.js";
import { OBJECTIVES, type Objective } from "../network/objective.js";
import type { InputSize } from "../network/rd.js";
import { residualStudent } from "../network/student.js";
import { lossOf } from "./losses.js";
import { RECIPE } from "./recipe.js";

interface Trained {
  readonly layers: Pick<TrainedLayers, "trained" | "averages">;
}

/**
 * One training step as a graph. Inputs: the teacher's features f1, f2, f3 [N, ...], every tensor of the student, `m:` and
 * `v:` of those that Adam moves, and Adam's scalars `rate` and `epsilon` (see {@link adamScalars}); of `hard-positions` also `hardness`.
 * Outputs: `loss` and the next value of each, its name followed by a prime.
 */
export function stepGraph(backbone: Backbone, size: InputSize, objective: Objective = OBJECTIVES[0]): Graph {
  const g = new Graph("training_step");
  const encoded = featureInputs(g, backbone, size);
  const { layers, restored } = trainedStudent(g, backbone, encoded);
  finishStep(g, layers, lossOf(g, encoded, restored, objective));
  return g;
}

/** The maps that the backbone's student restores, in layers that know its parameters. */
function trainedStudent(g: Graph, backbone: Backbone, encoded: Features): Trained & { readonly restored: Features } {
  const design = backbone.student;
  if (design.kind === "mirrored") {
    const layers = new TrainedConvNextLayers(g);
    return { layers, restored: mirroredStudent(layers, backbone, design, encoded).restored };
  }
  const layers = new TrainedLayers(g, RECIPE.norm);
  return { layers, restored: residualStudent(layers, backbone, design, encoded).restored };
}

function featureInputs(g: Graph, { scales }: Backbone, { width, height }: InputSize): Features {
  const [f1, f2, f3] = scales.map(({ channels, stride }, index) =>
    batched(g, g.input(`f${index + 1}`, "float32", ["N", channels, height / stride, width / stride])),
  );
  return [f1!, f2!, f3!];
}

/** Adds the loss, its gradients, Adam and the running averages to a network's graph, which makes it a training step's. */
export function finishStep(g: Graph, layers: Trained["layers"], loss: Value): void {
  g.output(g.node("Identity", [loss], loss.shape, { name: "loss" }));
  const names = [...layers.trained.keys()];
  const gradients = differentiate(g, loss, [...layers.trained.values()]);
  const scalars = { rate: g.input("rate", "float32", []), epsilon: g.input("epsilon", "float32", []) };
  names.forEach((name, index) => {
    adam(g, layers.trained.get(name)!, gradients[index]!, scalars);
  });
  for (const average of layers.averages.values()) g.output(average);
}

/**
 * Adam's scalars at `step` (from 1). The graph's `m:` and `v:` are plain decaying sums, the paper's m / (1 - beta1) and v / (1 - beta2),
 * which saves three operators per parameter; the scalars hold the factors that these lack.
 * p' = p - rate m' / (sqrt(v') + epsilon)
 */
export function adamScalars(step: number, rate: number = RECIPE.adam.rate): { rate: number; epsilon: number } {
  const { beta1, beta2, epsilon } = RECIPE.adam;
  const firstMoment = (1 - beta1) / (1 - beta1 ** step);
  const deviation = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  return { rate: (rate * firstMoment) / deviation, epsilon: epsilon / deviation };
}

/** Adds Adam's update of a parameter (Kingma & Ba 2015, epsilon where PyTorch has it). */
function adam(g: Graph, parameter: Value, gradient: Value, scalars: { rate: Value; epsilon: Value }): void {
  const { name, shape } = parameter;
  // ONNX Runtime meets a scalar with a shape that ends in 1, as pointwise weights' does, fifty times as slowly.
  const pointwise = shape.length > 1 && shape.at(-1) === 1;
  const flat = (value: Value) => (pointwise ? reshape(g, value, [sizeOf(shape)]) : value);
  const put = (as: string, next: (options: NodeOptions) => Value): Value => {
    const value = next(pointwise ? {} : { name: as });
    g.output(pointwise ? reshape(g, value, shape, { name: as }) : value);
    return value;
  };
  const moment = (kind: "m" | "v") => flat(g.input(`${kind}:${name}`, "float32", shape));
  const change = flat(gradient);
  const m = mul(g, moment("m"), g.scalar(RECIPE.adam.beta1));
  const v = mul(g, moment("v"), g.scalar(RECIPE.adam.beta2));
  const nextM = put(`m:${name}'`, (options) => add(g, m, change, options));
  const nextV = put(`v:${name}'`, (options) => add(g, v, mul(g, change, change), options));
  const direction = div(g, nextM, add(g, sqrt(g, nextV), scalars.epsilon));
  put(`${name}'`, (options) => sub(g, flat(parameter), mul(g, direction, scalars.rate), options));
}
