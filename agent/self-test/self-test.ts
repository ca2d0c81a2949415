import { CodedError, messageOf } from "../../errors.js";
import { pictureFrame } from "../kit/picture-frame.js";
import type { Frame, Outcome, Size } from "../types.js";
import type { GoldenPicture } from "./golden-pictures.js";

/** What a self-test needs of an engine. */
export interface TestedEngine {
  /** What `frame.size` must be. */
  readonly input: Size;
  /** Never rejects. */
  inspect(frame: Frame): Promise<Outcome>;
}

/** What the engine made of a golden picture; null: it could not judge it, which is no better than not to see it. */
export interface GoldenScore {
  readonly name: string;
  readonly bad: boolean;
  readonly score: number | null;
}

export type SelfTestRun =
  | { readonly kind: "run"; readonly scores: readonly GoldenScore[] }
  /** No test took place: its pictures are not there, or its engine is away. */
  | { readonly kind: "broken"; readonly reason: string };

/** Between two pictures: the line's frames go first. */
const PAUSE_MS = 50;

/**
 * Sends golden pictures through the live engine, one at a time and never in a hurry: a frame of a camera waits for one
 * inference at most.
 */
export async function runSelfTest(
  engine: TestedEngine,
  pictures: (size: Size) => AsyncIterable<GoldenPicture>,
  signal: AbortSignal,
): Promise<SelfTestRun> {
  const scores: GoldenScore[] = [];
  try {
    for await (const { name, bad, pixels } of pictures(engine.input)) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      if (signal.aborted) return { kind: "broken", reason: "the agent stops" };
      const outcome = await engine.inspect(
        pictureFrame("self-test", { pixels, size: engine.input }, scores.length + 1),
      );
      if (outcome.kind === "inspected") scores.push({ name, bad, score: outcome.inspection.score });
      // An engine that is being started again is no verdict on its model.
      else if (outcome.failure.code.startsWith("ENGINE_")) return { kind: "broken", reason: outcome.failure.reason };
      else scores.push({ name, bad, score: null });
    }
  } catch (error) {
    const reason = error instanceof CodedError ? `${error.code}: ${error.message}` : messageOf(error);
    return { kind: "broken", reason };
  }
  return { kind: "run", scores };
}

/** Why these scores do not pass at a camera's threshold, null when they do. */
export function selfTestFault(scores: readonly GoldenScore[], threshold: number): string | null {
  const wrong = scores.filter(({ bad, score }) => score === null || score > threshold !== bad);
  if (wrong.length === 0) return null;
  const named = wrong.slice(0, 3).map(({ name, score }) => `${name} (${score === null ? "failed" : score.toFixed(3)})`);
  const missed = wrong.filter(({ bad }) => bad).length;
  const bad = scores.filter((each) => each.bad).length;
  const what =
    missed > 0 ? `${missed} of ${bad} known-bad pictures are not seen` : "known-good pictures are taken for bad";
  return `SELF_TEST_FAILED: ${what} at the threshold ${threshold.toFixed(3)}: ${named.join(", ")}`;
}
