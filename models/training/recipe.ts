import { createHash } from "node:crypto";
import type { Graph } from "../graph/graph.js";
import { NORM_EPSILON } from "../network/layers/layers.js";
import { encodeModel } from "../onnx/encode.js";

/**
 * The numbers that decide which weights a training ends with; RD4AD's, where it has them. All of them are hashed into checkpoints
 * ({@link recipeDigest}), and so are the graphs of the teacher and of the training step.
 */
export const RECIPE = {
  /** Raised by a change that neither a number here nor a graph shows: how pictures are read or ordered, how chance is drawn. */
  version: 1,
  /** torch.optim.Adam; its epsilon is PyTorch's. */
  adam: { rate: 0.005, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 },
  /** PyTorch's BatchNorm2d: the momentum is how far the running averages move towards a batch's. */
  norm: { momentum: 0.1, epsilon: NORM_EPSILON },
  /**
   * Convolutions: normal, variance `convVariance` / fan_out. Transposed ones: uniform within `deconvBound` / sqrt(fan_in). ConvNeXt's layer
   * scale of 1e-6 would keep a student of few steps nearly linear: Adam moves it by no more than its rate a step.
   */
  initial: { convVariance: 2, deconvBound: 1, layerScale: 0.1 },
  /** Pictures kept from training for the threshold: a share of all, between the fewest and the most; drawn with the seed XOR the salt. */
  holdOut: { share: 0.1, fewest: 1, most: 64, salt: 0x5eed },
  /**
   * What an easy place's gradient is multiplied by (Dinomaly's), and how many deviations above the batch's mean distance a hard one lies, at first and
   * from `steps` on.
   */
  hardness: { easyShare: 0.1, from: -3, to: 1, steps: 100 },
} as const;

/** What a training is given unless its options say otherwise; chosen by the user, so no part of {@link RECIPE}. */
export const DEFAULTS = {
  epochs: 10,
  /** Side of the square input, pixels. */
  size: 256,
  batch: 16,
  seed: 0,
  checkpointSeconds: 120,
  /** Pictures stored, at most. */
  memory: 256,
} as const;

/** Fewer cannot give both a student and a threshold. */
export const FEWEST_PICTURES = 4;

/** What decides a training's weights beside its recipe. */
export interface TrainingIdentity {
  /** The teacher with its weights, and with what is done to a picture before it. */
  readonly teacher: Graph;
  /** The training step: network, loss, derivatives and optimiser. */
  readonly step: Graph;
  readonly batch: number;
  readonly seed: number;
  /** The good pictures, in order: uint8 [height, width, 3] each. */
  readonly pixels: readonly Uint8Array[];
}

/**
 * The identity of a training, hexadecimal: two trainings with the same one go through the same weights, so that one may go on
 * where the other stopped. (How many epochs there are to be is free: a finished training may be given more.)
 */
export function recipeDigest(training: TrainingIdentity, recipe: object = RECIPE): string {
  const { teacher, step, batch, seed, pixels } = training;
  const digest = createHash("sha256").update(JSON.stringify({ recipe, batch, seed }));
  for (const graph of [teacher, step]) digest.update(encodeModel(graph));
  for (const each of pixels) digest.update(each);
  return digest.digest("hex");
}
