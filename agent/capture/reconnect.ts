import {
  catchError,
  concat,
  defer,
  type MonoTypeOperatorFunction,
  of,
  retry,
  type SchedulerLike,
  tap,
  throwError,
  timer,
} from "rxjs";
import { backoffMs } from "../kit/backoff.js";

export interface ReconnectOptions<T> {
  readonly scheduler: SchedulerLike;
  /** 0 to 1. */
  readonly random: () => number;
  /** Emitted for each failed attempt. */
  readonly lost: (error: unknown) => T;
}

/**
 * Tries a source again for ever, with the delays of kit/backoff. A delay counts from the beginning of the failed attempt, so that a
 * camera that lets attempts hang is not tried more rarely than one that refuses them. Any value makes the next delay the shortest again.
 */
export function reconnect<T>({ scheduler, random, lost }: ReconnectOptions<T>): MonoTypeOperatorFunction<T> {
  return (attempt$) =>
    defer(() => {
      let failures = 0;
      let begunMs = 0;
      return defer(() => {
        begunMs = scheduler.now();
        return attempt$;
      }).pipe(
        tap(() => {
          failures = 0;
          // Counted from the last value on: a camera that was well for an hour is not tried again at once, in a loop.
          begunMs = scheduler.now();
        }),
        catchError((error: unknown) =>
          concat(
            of(lost(error)),
            throwError(() => error),
          ),
        ),
        retry({
          delay: () => {
            const elapsedMs = scheduler.now() - begunMs;
            failures += 1;
            const delayMs = backoffMs(failures, random) - elapsedMs;
            return timer(Math.max(0, delayMs), scheduler);
          },
        }),
      );
    });
}
