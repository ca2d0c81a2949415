import { messageOf } from "../../../errors.js";
import type { Size } from "../../types.js";
import { type ComparedPicture, differenceOf, type Judge, judgeOf, tooFar } from "../difference.js";
import type { Engine } from "../engine.js";
import { fixedPictures } from "../fixed-pictures.js";
import type { PrecisionDifference } from "../protocol.js";

/** At most so many good and so many bad pictures whose truth is known. */
export type Golden = (size: Size, mostOfAKind: number) => AsyncIterable<ComparedPicture>;

/** What was found of an engine that was held against the model. */
export interface Comparison {
  /** What the model scored on the fixed pictures. */
  readonly reference: readonly number[];
  readonly difference: PrecisionDifference;
  /** Why the engine is not to be taken; null where it is. */
  readonly refusal: string | null;
}

/** Something else than the engine failed in a comparison: the model that runs, or its pictures. */
export class NotCompared extends Error {}

/** The frames of cameras wait meanwhile. */
const MOST_OF_A_KIND = 4;

/**
 * Holds an engine against the model that runs: on pictures that are the same at each start, and on the model's own.
 * @throws NotCompared; Error where the engine does not judge
 */
export async function compared(
  running: Pick<Engine, "threshold" | "input" | "inspect">,
  opened: Engine,
  golden: Golden | null,
  limit: number,
): Promise<Comparison> {
  const was = recording(judgeOf(running, { maps: true }));
  const is = recording(judgeOf(opened, { maps: true }));
  try {
    const fixed = await differenceOf(was, is, fixedPictures(running.input), limit);
    const reference = [...was.scores];
    const known = golden === null ? null : await differenceOf(was, is, golden(running.input, MOST_OF_A_KIND), limit);
    const difference = known === null ? fixed : together(fixed, known);
    return { reference, difference, refusal: tooFar(difference, "the model") };
  } catch (error) {
    // The model judges each picture first.
    if (is.scores.length < was.scores.length) throw error;
    throw new NotCompared(messageOf(error), { cause: error });
  }
}

/**
 * Holds an engine to what the model scored when it was proven.
 * @throws Error where it judges otherwise, or does not judge
 */
export async function provenStill(
  opened: Engine,
  reference: readonly number[],
  limit: number,
): Promise<PrecisionDifference> {
  const recorded = recordedJudge(reference, opened.threshold);
  const difference = await differenceOf(recorded, judgeOf(opened), fixedPictures(opened.input), limit);
  const refusal = tooFar(difference, "the model");
  if (refusal !== null) throw new Error(`its engine on the disk does not judge as it did: ${refusal}`);
  return difference;
}

/** The same judge, and what it has scored, in order. */
function recording(judge: Judge): Judge & { readonly scores: readonly number[] } {
  const scores: number[] = [];
  return {
    threshold: judge.threshold,
    scores,
    async judge(pixels) {
      const judged = await judge.judge(pixels);
      scores.push(judged.score);
      return judged;
    },
  };
}

/** The judge that scored so once; NaN past its end, which is like no score. */
function recordedJudge(scores: readonly number[], threshold: number): Judge {
  let next = 0;
  return {
    threshold,
    async judge() {
      next += 1;
      return { score: scores[next - 1] ?? Number.NaN, map: null };
    },
  };
}

/** Two comparisons by the same limit, as one. */
function together(one: PrecisionDifference, other: PrecisionDifference): PrecisionDifference {
  return {
    pictures: one.pictures + other.pictures,
    worst: Math.max(one.worst, other.worst),
    limit: one.limit,
    lost: one.lost + other.lost,
  };
}
