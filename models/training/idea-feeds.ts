import type { Graph } from "../graph/graph.js";
import type { Standard } from "../network/standard.js";
import { type Feeds, floats } from "../onnx/session.js";
import { createRandom, seedOf } from "../random.js";
import { RECIPE } from "./recipe.js";

/** Sets the chance of the ideas apart from all else that a seed decides. */
const SALT = 0x1dea;
/** A uniform number within 1 of zero has this deviation. */
const UNIFORM_DEVIATION = Math.sqrt(1 / 3);

/**
 * What a step graph takes beside the batch and the state, because of its ideas: `drop:` masks of 0 and 1 / (1 - share), `noise:` of mean zero,
 * `hardness`, and the teacher's standard. Chance follows from the seed and the step's number alone, so a resume needs no generator's state.
 */
export function ideaFeeds(
  graph: Graph,
  { seed, standard }: { readonly seed: number; readonly standard: Standard | null },
): (step: number, images: number) => Feeds {
  const { dropout, noise } = RECIPE.ideas;
  const random = graph.inputs.filter(({ name }) => name.startsWith("drop:") || name.startsWith("noise:"));
  const always = standard === null ? {} : standardFeeds(standard);
  const isHard = graph.inputs.some(({ name }) => name === "hardness");
  const buffers = new Map<string, Float32Array>();
  const buffer = (name: string, length: number): Float32Array => {
    const known = buffers.get(name);
    if (known?.length === length) return known;
    const made = new Float32Array(length);
    buffers.set(name, made);
    return made;
  };
  return (step, images) => {
    const feeds: Record<string, Feeds[string]> = { ...always };
    if (isHard) feeds.hardness = floats(Float32Array.of(hardnessAt(step)), []);
    random.forEach(({ name, shape }, index) => {
      const { next } = createRandom(seedOf(seed, SALT, step, index));
      const sizes = shape.map((dim) => (typeof dim === "number" ? dim : images));
      const values = buffer(
        name,
        sizes.reduce((a, b) => a * b, 1),
      );
      const isMask = name.startsWith("drop:");
      const spread = (2 * noise) / UNIFORM_DEVIATION;
      for (let at = 0; at < values.length; at += 1) {
        values[at] = isMask ? (next() < dropout ? 0 : 1 / (1 - dropout)) : (next() - 0.5) * spread;
      }
      feeds[name] = floats(values, sizes);
    });
    return feeds;
  };
}

/** A standard as feeds `mean1` to 3 and `deviation1` to 3. */
export function standardFeeds(standard: Standard): Feeds {
  return Object.fromEntries(
    standard.flatMap(({ mean, deviation }, index) => [
      [`mean${index + 1}`, floats(mean, [mean.length])],
      [`deviation${index + 1}`, floats(deviation, [deviation.length])],
    ]),
  );
}

/** ReContrast's schedule: deviations above the mean below which a place is easy; at first nothing is. */
function hardnessAt(step: number): number {
  const { from, to, steps } = RECIPE.ideas.hardness;
  return from + (to - from) * Math.min(1, step / steps);
}
