import {
  defer,
  finalize,
  from,
  type MonoTypeOperatorFunction,
  map,
  type Observable,
  of,
  repeat,
  type SchedulerLike,
  switchMap,
  takeWhile,
  tap,
  throwError,
  timer,
} from "rxjs";
import type { Credits } from "./credits.js";
import type { FrameSource, Grab } from "./frame-source.js";
import { whenSilent } from "./silence.js";

/** What becomes of a grab downstream: losses are errors here, and silence of a triggered camera is worth telling. */
export type Played = Extract<Grab, { readonly kind: "picture" | "unreadable" }> | Silent;

interface Silent {
  readonly kind: "silent";
}

/** The camera cannot be reached, or stopped delivering. */
export class CameraLost extends Error {}

/** How long silence is borne, milliseconds. */
export interface Patience {
  /** From the start to the first picture of a camera that has not answered at all. */
  readonly firstMs: number;
  /** The same where the camera did answer: a stream may wait seconds for its key frame. */
  readonly answeredMs: number;
  /** Between pictures. */
  readonly nextMs: number;
}

export interface PlayOptions {
  readonly source: FrameSource;
  readonly credits: Credits;
  /** How long to wait before asking the source. */
  readonly pace: () => number;
  /** Whether silence is only that: nothing triggers the camera. */
  readonly triggered: boolean;
  readonly patience: Patience;
  readonly scheduler: SchedulerLike;
}

/**
 * One attempt with a source: starts it, asks it for a picture whenever one is wanted, stops it in the end. Completes where the source
 * has ended; errors with CameraLost where it failed, fell silent, or ended without one picture.
 */
export function play(options: PlayOptions): Observable<Played> {
  const { source } = options;
  return defer(() => from(source.stop())).pipe(
    switchMap(() => {
      source.start();
      const heard = { pictures: 0 };
      return ask(options, heard).pipe(
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
function ask(options: PlayOptions, heard: { pictures: number }): Observable<Grab | Silent> {
  const { source, credits, pace, triggered, patience, scheduler } = options;
  const onSilence = (): Observable<Silent> => {
    if (triggered) return of({ kind: "silent" });
    return heard.pictures === 0 && source.answered()
      ? timer(patience.answeredMs - patience.firstMs, scheduler).pipe(switchMap(() => silence(patience.answeredMs)))
      : silence(heard.pictures === 0 ? patience.firstMs : patience.nextMs);
  };
  return credits.wanted().pipe(
    switchMap(() => after(pace(), scheduler)),
    switchMap(() =>
      from(source.grab()).pipe(
        whenSilent<Grab | Silent>(heard.pictures === 0 ? patience.firstMs : patience.nextMs, scheduler, onSilence),
      ),
    ),
    tap((grab) => {
      if (grab.kind !== "picture") return;
      heard.pictures += 1;
      credits.spend();
    }),
  );
}

function after(delayMs: number, scheduler: SchedulerLike): Observable<unknown> {
  return delayMs < 1 ? of(null) : timer(delayMs, scheduler);
}

function silence(ms: number): Observable<never> {
  return throwError(() => new CameraLost(`no picture for ${ms / 1000} s`));
}

/** A source that ends before it has said anything would be played again and again, in a tight loop. */
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
