import type { Backbone } from "./backbones/backbone.js";

/**
 * Ways to train a student, or to read its map, other than RD4AD's, each to be tried alone or with others:
 * - `standardised`: the student restores maps with mean 0 and deviation 1 in each channel over the good pictures, and disagreement is taken
 *   there (Batzner, Heckler & König, WACV 2024); linear layers end its maps, as half of what it restores is negative
 * - `linear-heads`: linear layers end a ResNet's student's maps, too
 * - `hard-positions`: places where the student does well already have little say in the gradient (Guo et al., ReContrast, NeurIPS 2023, and
 *   Dinomaly, CVPR 2025)
 * - `worst-ten`: the mean distance of the ten worst places of each picture is added to the loss (AAND's)
 * - `dropout`: a fifth of the joined maps and of the embedding is dropped in training (Dinomaly's noisy bottleneck)
 * - `noise`: what the bottleneck is given is noisy in training, what the student restores is not (DRD's)
 * - `top-mean`: a picture's score is the mean of the highest hundredth of its map; training is the same
 */
export const IDEAS = [
  "standardised",
  "linear-heads",
  "hard-positions",
  "worst-ten",
  "dropout",
  "noise",
  "top-mean",
] as const;
export type Idea = (typeof IDEAS)[number];

/** The backbone with the student that the ideas ask for. */
export function withIdeas(backbone: Backbone, ideas: readonly Idea[]): Backbone {
  const { student } = backbone;
  const signed = ideas.includes("linear-heads") || ideas.includes("standardised");
  return student.kind === "residual" && signed ? { ...backbone, student: { ...student, signed } } : backbone;
}
