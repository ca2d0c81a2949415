import {
  connect,
  type MonoTypeOperatorFunction,
  merge,
  mergeMap,
  type Observable,
  type SchedulerLike,
  takeUntil,
  timer,
} from "rxjs";

/**
 * Passes everything on; where nothing has come for `afterMs` since subscription, adds what `then` says, and waits on.
 * A `then` that errors ends the wait.
 */
export function whenSilent<T>(
  afterMs: number,
  scheduler: SchedulerLike,
  then: () => Observable<T>,
): MonoTypeOperatorFunction<T> {
  return connect((spoken$) => merge(spoken$, timer(afterMs, scheduler).pipe(mergeMap(then), takeUntil(spoken$))));
}
