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

/** How long a camera may be silent before that is a fault, milliseconds. */
export interface SilenceLimits {
  /** From the start to the first picture of a camera that has not answered at all. */
  readonly firstMs: number;
  /** The same where the camera did answer: a stream may wait seconds for its key frame. */
  readonly answeredMs: number;
  /** Between pictures. */
  readonly nextMs: number;
  /** Whether a camera that turns out to be slower gets more. */
  readonly learned: boolean;
}

/** Silences that are this many times a camera's own interval are a fault. */
const INTERVALS = 3;
/** Of the latest pictures. */
const REMEMBERED = 8;
/** So many pictures in one attempt show how long the camera's intervals are. */
const ENOUGH = 3;
/** Longer ones must be configured. */
const MOST_MS = 60_000;

/**
 * How long one camera may be silent, from one attempt to the next. A camera that is slower than the limits is found out: where it falls
 * silent after a picture or two, the next attempt waits twice as long, and then three times its own longest interval.
 */
export class Silence {
  readonly #limits: SilenceLimits;
  readonly #intervalsMs: number[] = [];
  #pictures = 0;
  #grown = 1;

  constructor(limits: SilenceLimits) {
    this.#limits = limits;
  }

  /** Another attempt begins. */
  begin(): void {
    this.#pictures = 0;
  }

  /** A picture has come. @param waitedMs since it was asked for */
  heard(waitedMs: number): void {
    this.#pictures += 1;
    // The first one's wait is that for the connection.
    if (this.#pictures > 1) this.#intervalsMs.push(waitedMs);
    if (this.#intervalsMs.length > REMEMBERED) this.#intervalsMs.shift();
    if (this.#pictures >= ENOUGH) this.#grown = 1;
  }

  /** The attempt ends because the camera was silent for too long. */
  tooLong(): void {
    if (this.#pictures > 0 && this.#pictures < ENOUGH) this.#grown *= 2;
  }

  /** For the picture that is asked for now. @param answered whether the camera itself is known to be there */
  limitMs(answered: boolean): number {
    if (this.#pictures > 0) return this.#nextMs();
    const { firstMs, answeredMs } = this.#limits;
    return Math.max(answered ? answeredMs : firstMs, this.#nextMs());
  }

  #nextMs(): number {
    const { nextMs, learned } = this.#limits;
    if (!learned) return nextMs;
    const learnedMs = Math.max(nextMs * this.#grown, INTERVALS * Math.max(0, ...this.#intervalsMs));
    return Math.max(nextMs, Math.min(MOST_MS, learnedMs));
  }
}

/**
 * Passes everything on; where nothing has come for `afterMs` since subscription, adds what `then` yields, and waits on.
 * A `then` that errors ends the wait.
 */
export function whenSilent<T>(
  afterMs: number,
  scheduler: SchedulerLike,
  then: () => Observable<T>,
): MonoTypeOperatorFunction<T> {
  return connect((spoken$) => merge(spoken$, timer(afterMs, scheduler).pipe(mergeMap(then), takeUntil(spoken$))));
}
