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

const firstMs = 250;
const capMs = 5_000;

/** From the beginning of one attempt to the next: doubling, never above 5 s, half of it jitter so that cameras spread out. */
export function backoffMs(failures: number, random: () => number): number {
  const fullMs = Math.min(capMs, firstMs * 2 ** failures);
  return fullMs * (0.5 + 0.5 * random());
}

export interface ReconnectOptions<T> {
  readonly scheduler: SchedulerLike;
  /** 0 to 1. */
  readonly random: () => number;
  /** Told downstream for each failed attempt. */
  readonly lost: (error: unknown) => T;
}

/**
 * Tries a source again for ever. The delay counts from the beginning of the failed attempt, so that a camera that lets an attempt
 * hang is not met later than one that refuses. Anything that comes makes the next delay the shortest again.
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
          // From the loss on: a camera that was well for an hour is not tried again at once, in a loop.
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
            const delayMs = backoffMs(failures, random) - elapsedMs;
            failures += 1;
            return timer(Math.max(0, delayMs), scheduler);
          },
        }),
      );
    });
}
