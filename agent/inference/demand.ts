import { type MonoTypeOperatorFunction, type Observable, Subject, startWith, tap } from "rxjs";
import type { Outcome } from "../types.js";

/** The least frames of a camera that are asked for at once: one that the engine judges, and one ahead of it; more would only grow old. */
const AT_LEAST = 2;
/**
 * The time that the frames in flight may take to be judged. A model so quick that handing a frame over takes longer than judging it
 * is thus given several at once, and they are batched.
 */
const AHEAD_MS = 10;
/** The most frames of one camera that are in flight: with the engine, and ahead of it. */
export const MOST_IN_FLIGHT = 8;

/** The demand for one camera's frames: each frame that is done asks for the next. */
export interface Demand {
  /** How many more frames are wanted; on subscription as many as may be in flight. */
  readonly wanted$: Observable<number>;
  /** The operator that counts a frame as done; it belongs where outcomes pass. */
  readonly done: () => MonoTypeOperatorFunction<Outcome>;
}

export function frameDemand(): Demand {
  const more$ = new Subject<number>();
  let inFlight = AT_LEAST;
  const done = (outcome: Outcome): void => {
    const target = outcome.kind === "failed" ? AT_LEAST : mayBeInFlight(outcome.inspection.inferenceMs);
    // The number in flight changes by one a frame, so that a single quick or slow inference moves it little.
    const next = inFlight + Math.sign(target - inFlight);
    const count = 1 + next - inFlight;
    inFlight = next;
    if (count > 0) more$.next(count);
  };
  return { wanted$: more$.pipe(startWith(AT_LEAST)), done: () => tap(done) };
}

function mayBeInFlight(inferenceMs: number): number {
  return Math.min(MOST_IN_FLIGHT, Math.max(AT_LEAST, Math.floor(AHEAD_MS / inferenceMs)));
}
