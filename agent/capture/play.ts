import {
  BehaviorSubject,
  defer,
  filter,
  finalize,
  from,
  type MonoTypeOperatorFunction,
  map,
  type Observable,
  of,
  repeat,
  type SchedulerLike,
  switchMap,
  take,
  takeWhile,
  tap,
  throwError,
  timer,
} from "rxjs";
import type { FrameSource, Grab } from "./frame-source.js";
import type { Pace } from "./pace.js";
import { type Silence, whenSilent } from "./silence.js";

/** What becomes of a grab downstream: losses are errors here, and the silence of a source that may be silent is reported. */
export type Played = Extract<Grab, { readonly kind: "picture" | "unreadable" }> | Silent;

interface Silent {
  readonly kind: "silent";
  readonly reason: string;
}

/** The camera cannot be reached, or stopped delivering. */
export class CameraLost extends Error {}

/** How many frames are wanted and not yet delivered. Outlives the attempts to reach a camera: what was asked for stays asked for. */
export class Credits {
  readonly #wanted$ = new BehaviorSubject(0);

  add(count: number): void {
    this.#wanted$.next(this.#wanted$.value + count);
  }

  spend(): void {
    this.#wanted$.next(this.#wanted$.value - 1);
  }

  /** Emits once, as soon as a frame is wanted, and completes. Takes nothing. */
  wanted(): Observable<void> {
    return this.#wanted$.pipe(
      filter((count) => count > 0),
      take(1),
      map(() => undefined),
    );
  }
}

export interface PlayOptions {
  readonly source: FrameSource;
  readonly credits: Credits;
  /** Absent where the camera itself sets the rate. */
  readonly pace: Pace | null;
  readonly silence: Silence;
  /** Why nothing comes, for sources that may be silent for hours; null where silence is a fault. */
  readonly idleReason: string | null;
  readonly scheduler: SchedulerLike;
  readonly monotonicMs: () => number;
}

/**
 * One attempt with a source: starts it, asks it for a picture whenever one is wanted, stops it in the end. Completes where the source
 * has ended; errors with CameraLost where it failed, fell silent, or ended without one picture.
 */
export function play(options: PlayOptions): Observable<Played> {
  const { source, silence } = options;
  return defer(() => from(source.stop())).pipe(
    switchMap(() => {
      source.start();
      silence.begin();
      return ask(options).pipe(
        repeat(),
        map((grab) => {
          if (grab.kind === "lost") throw new CameraLost(grab.reason);
          return grab;
        }),
        takeWhile((grab) => grab.kind !== "ended"),
        failIfEmpty(),
      );
    }),
    finalize(() => void source.stop()),
  );
}

/** One grab, once a frame is wanted and it is time. */
function ask(options: PlayOptions): Observable<Grab | Silent> {
  const { source, credits, pace, silence, idleReason, scheduler, monotonicMs } = options;
  const grab = (): Observable<Grab | Silent> => {
    const askedMs = monotonicMs();
    const limitMs = silence.limitMs(source.answered());
    return from(source.grab()).pipe(
      tap(({ kind }) => {
        // Intervals of a source that may be silent say nothing about the next.
        if (kind === "picture") silence.heard(idleReason === null ? monotonicMs() - askedMs : 0);
      }),
      whenSilent<Grab | Silent>(limitMs, scheduler, () =>
        idleReason === null ? tooSilent(limitMs, options) : of({ kind: "silent", reason: idleReason }),
      ),
    );
  };
  return credits.wanted().pipe(
    switchMap(() => after(pace?.waitMs(monotonicMs()) ?? 0, scheduler)),
    switchMap(grab),
    map((grabbed) => {
      if (grabbed.kind === "unreadable") pace?.take(monotonicMs(), 0);
      if (grabbed.kind !== "picture") return grabbed;
      credits.spend();
      return pace === null ? grabbed : { ...grabbed, missed: pace.take(monotonicMs(), grabbed.missed) };
    }),
  );
}

function after(delayMs: number, scheduler: SchedulerLike): Observable<unknown> {
  return delayMs < 1 ? of(null) : timer(delayMs, scheduler);
}

/** The end of an attempt in silence; a camera that has answered meanwhile gets more time. */
function tooSilent(waitedMs: number, { source, silence, scheduler }: PlayOptions): Observable<never> {
  const limitMs = silence.limitMs(source.answered());
  return timer(Math.max(0, limitMs - waitedMs), scheduler).pipe(
    switchMap(() => {
      silence.tooLong();
      return throwError(() => new CameraLost(`no picture for ${Math.round(limitMs / 100) / 10} s`));
    }),
  );
}

/** A source that ends before it has yielded anything would be played again and again, in a tight loop. */
function failIfEmpty<T>(): MonoTypeOperatorFunction<T> {
  return (played$) =>
    defer(() => {
      let empty = true;
      return played$.pipe(
        tap({
          next: () => {
            empty = false;
          },
          complete: () => {
            if (empty) throw new CameraLost("there is not one picture in it");
          },
        }),
      );
    });
}
