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

/** What was made of a picture. */
export interface Judged {
  readonly score: number;
  /** [height, width]; null where maps are not compared. */
  readonly map: Float32Array | null;
}

/** Something that judges pictures. */
export interface Judge {
  readonly threshold: number;
  /** Takes the pixels away. Rejects with the reason. */
  judge(pixels: Uint8Array<ArrayBuffer>): Promise<Judged>;
}

/** @param options.maps whether its maps are compared, too */
export function judgeOf(
  engine: Pick<Engine, "threshold" | "input" | "inspect">,
  { maps = false }: { readonly maps?: boolean } = {},
): Judge {
  return {
    threshold: engine.threshold,
    async judge(pixels) {
      const outcome = await engine.inspect(pictureFrame("precision", { pixels, size: engine.input }));
      if (outcome.kind === "failed") throw new Error(outcome.failure.reason);
      const { score, map } = outcome.inspection;
      return { score, map: maps ? map : null };
    },
  };
}

/**
 * How far what one makes of pictures lies from what the other does that it is to stand for: by scores, and by maps where both have them.
 * @throws Error where that cannot be said
 */
export async function differenceOf(
  before: Judge,
  after: Judge,
  compared: AsyncIterable<ComparedPicture>,
  limit: number,
): Promise<PrecisionDifference> {
  let pictures = 0;
  let worst = 0;
  let lost = 0;
  try {
    for await (const { bad, pixels } of compared) {
      pictures += 1;
      const was = await before.judge(pixels.slice());
      const is = await after.judge(pixels);
      const margins = [was.score - before.threshold, is.score - after.threshold] as const;
      const scale = Math.max(Math.abs(was.score), Math.abs(before.threshold), Number.MIN_VALUE);
      worst = Math.max(worst, Math.abs(margins[1] - margins[0]) / scale, farthest(was.map, is.map) / scale);
      if (bad !== null && margins[0] > 0 === bad && margins[1] > 0 !== bad) lost += 1;
    }
  } catch (error) {
    const why = error instanceof CodedError ? `${error.code}: ${error.message}` : messageOf(error);
    throw new Error(`it cannot be compared: ${why}`, { cause: error });
  }
  if (pictures === 0) throw new Error("it cannot be compared: there are no golden pictures");
  return { pictures, worst, limit, lost };
}

/** The most by which two maps differ in a place; 0 where there is nothing to compare. */
function farthest(one: Float32Array | null, other: Float32Array | null): number {
  if (one === null || other === null) return 0;
  let most = 0;
  for (let at = 0; at < one.length; at += 1) most = Math.max(most, Math.abs(one[at]! - other[at]!));
  return most;
}

/** Why a model of such a difference is not to be taken; null where it is. @param as what it is held against, such as "the float model" */
export function tooFar({ worst, lost, limit }: PrecisionDifference, as: string): string | null {
  if (lost > 0) return `it misjudges ${lost} golden pictures that ${as} judges rightly`;
  if (!(worst <= limit)) return `scores of golden pictures differ by ${share(worst)}, more than ${share(limit)}`;
  return null;
}

function share(value: number): string {
  return `${(100 * value).toPrecision(2)} %`;
}
