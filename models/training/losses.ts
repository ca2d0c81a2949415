import type { Graph, Value } from "../graph/graph.js";
import { add, cast, div, dot, mul, reduceMean, reduceSum, sqrt, sub } from "../graph/ops.js";
import type { Features } from "../network/backbones/backbone.js";
import type { Objective } from "../network/objective.js";
import { RECIPE } from "./recipe.js";

/** Keeps the distance of a place where all channels are zero differentiable. */
const LEAST_SQUARE = 1e-8;

/** The loss of an {@link Objective}. Maps [1, C, N, H, W]; `hard-positions` takes an input `hardness`, see {@link hardnessAt}. @returns [1, 1, 1, 1, 1] */
export function lossOf(g: Graph, teacher: Features, student: Features, objective: Objective): Value {
  return cosineLoss(g, teacher, objective === "hard-positions" ? damped(g, teacher, student) : student);
}

/**
 * How many deviations above the mean distance of a batch a place must lie to count as hard, at a step from 1 on: at first all do. ReContrast's
 * schedule (Guo et al., NeurIPS 2023), whose rise takes the first tenth of its training.
 */
export function hardnessAt(step: number): number {
  const { from, to, steps } = RECIPE.hardness;
  return from + (to - from) * Math.min(1, step / steps);
}

/**
 * RD4AD's loss: per scale 1 - cosine similarity of the flattened features, averaged over the batch; summed over scales.
 * @returns [1, 1, 1, 1, 1]
 */
export function cosineLoss(g: Graph, teacher: Features, student: Features): Value {
  // Per image the sum of a b over height and width, then over channels: [1, C, N, H, W] twice -> [1, 1, N, 1, 1]
  const product = (a: Value, b: Value) => reduceSum(g, dot(g, a, b, 3), [1]);
  return summed(g, teacher, (a, index) => {
    const b = student[index]!;
    const norms = mul(g, sqrt(g, product(a, a)), sqrt(g, product(b, b)));
    return reduceMean(g, sub(g, g.scalar(1), div(g, product(a, b), norms)), [2]);
  });
}

/**
 * The student's maps as they are, with a gradient that is smaller at places where the student does well already: those whose distance lies below
 * the batch's mean + `hardness` deviations (an input of the graph, which rises: at first all places count).
 */
function damped(g: Graph, teacher: Features, student: Features): Features {
  const hardness = g.input("hardness", "float32", []);
  const [fine, middle, coarse] = student.map((map, index) => {
    const [value] = g.composite("Weighted", [map], {}, () => {
      const distance = distances(g, teacher[index]!, map);
      const mean = reduceMean(g, distance, [2, 3, 4]);
      const centred = sub(g, distance, mean);
      const deviation = sqrt(g, reduceMean(g, mul(g, centred, centred), [2, 3, 4]));
      const isHard = g.node("Greater", [centred, mul(g, deviation, hardness)], distance.shape, { type: "bool" });
      const least = RECIPE.hardness.easyShare;
      const share = add(g, mul(g, cast(g, isHard, "float32"), g.scalar(1 - least)), g.scalar(least));
      return [g.node("Identity", [map], map.shape), share];
    });
    return value;
  });
  return [fine!, middle!, coarse!];
}

/** 1 - cosine similarity over the channels: [1, C, N, H, W] twice -> [1, 1, N, H, W] */
function distances(g: Graph, a: Value, b: Value): Value {
  const length = (x: Value) => sqrt(g, add(g, reduceSum(g, mul(g, x, x), [1]), g.scalar(LEAST_SQUARE)));
  return sub(g, g.scalar(1), div(g, reduceSum(g, mul(g, a, b), [1]), mul(g, length(a), length(b))));
}

function summed(g: Graph, maps: Features, loss: (map: Value, index: number) => Value): Value {
  const [fine, middle, coarse] = maps.map(loss);
  return add(g, add(g, fine!, middle!), coarse!);
}
