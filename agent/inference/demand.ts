import { type MonoTypeOperatorFunction, type Observable, Subject, startWith, tap } from "rxjs";
import type { Outcome } from "../types.js";

/** One frame with the engine and one ahead of it, so that it never waits: more would only grow old. */
const AT_LEAST = 2;
/**
 * A model so quick that handing frames over takes longer than judging them is given more at once, and they are batched:
 * as many as it judges in this time.
 */
const AHEAD_MS = 10;
/** Of one camera's frames with the engine and ahead of it. */
export const MOST_IN_FLIGHT = 8;

/** How many frames a camera is asked for: a frame that is done asks for the next. */
export interface Demand {
  /** How many more frames are wanted; at once what may be in flight. */
  readonly wanted$: Observable<number>;
  /** Placed where outcomes pass. */
  readonly done: () => MonoTypeOperatorFunction<Outcome>;
}

export function frameDemand(): Demand {
  const more$ = new Subject<number>();
  let inFlight = AT_LEAST;
  const done = (outcome: Outcome): void => {
    const target = outcome.kind === "failed" ? AT_LEAST : mayBeInFlight(outcome.inspection.inferenceMs);
    // Grows and shrinks by one a frame, so that one quick or slow inference says little.
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
