import { CodedError, messageOf } from "../../errors.js";
import { pictureFrame } from "../kit/picture-frame.js";
import type { Engine } from "./engine.js";
import type { PrecisionDifference } from "./protocol.js";

/** A picture that two models are compared on. */
export interface ComparedPicture {
  /** Null where nobody knows: then its score alone counts. */
  readonly bad: boolean | null;
  /** RGB, [height, width, 3]; owns its ArrayBuffer. */
  readonly pixels: Uint8Array<ArrayBuffer>;
}

/** Something that scores pictures. */
export interface Scorer {
  readonly threshold: number;
  /** Takes the pixels away. Rejects with the reason. */
  score(pixels: Uint8Array<ArrayBuffer>): Promise<number>;
}

export function scorerOf(engine: Pick<Engine, "threshold" | "input" | "inspect">): Scorer {
  return {
    threshold: engine.threshold,
    async score(pixels) {
      const outcome = await engine.inspect(pictureFrame("precision", { pixels, size: engine.input }));
      if (outcome.kind === "failed") throw new Error(outcome.failure.reason);
      return outcome.inspection.score;
    },
  };
}

/**
 * How far the scores of one lie from the scores of the other that it is to stand for.
 * @throws Error where that cannot be said
 */
export async function differenceOf(
  before: Scorer,
  after: Scorer,
  compared: AsyncIterable<ComparedPicture>,
  limit: number,
): Promise<PrecisionDifference> {
  let pictures = 0;
  let worst = 0;
  let lost = 0;
  try {
    for await (const { bad, pixels } of compared) {
      pictures += 1;
      const was = marginOf(before, await before.score(pixels.slice()));
      const is = marginOf(after, await after.score(pixels));
      worst = Math.max(worst, Math.abs(is.margin - was.margin) / was.scale);
      if (bad !== null && was.margin > 0 === bad && is.margin > 0 !== bad) lost += 1;
    }
  } catch (error) {
    const why = error instanceof CodedError ? `${error.code}: ${error.message}` : messageOf(error);
    throw new Error(`it cannot be compared: ${why}`, { cause: error });
  }
  if (pictures === 0) throw new Error("it cannot be compared: there are no golden pictures");
  return { pictures, worst, limit, lost };
}

/** Why a model of such a difference is not to be taken; null where it is. @param as what it is held against, such as "the float model" */
export function tooFar({ worst, lost, limit }: PrecisionDifference, as: string): string | null {
  if (lost > 0) return `it misjudges ${lost} golden pictures that ${as} judges rightly`;
  if (!(worst <= limit)) return `scores of golden pictures differ by ${share(worst)}, more than ${share(limit)}`;
  return null;
}

/** By how much the score exceeds the model's own threshold, and what that is a large or a small part of. */
function marginOf({ threshold }: Scorer, score: number): { readonly margin: number; readonly scale: number } {
  const scale = Math.max(Math.abs(score), Math.abs(threshold), Number.MIN_VALUE);
  return { margin: score - threshold, scale };
}

function share(value: number): string {
  return `${(100 * value).toPrecision(2)} %`;
}
