/**
 * Keeps a source to so many pictures a second, over time: a token bucket that holds two. A camera's own jitter of up to one
 * interval costs no picture, and a late picture is chased by one other at most.
 */
export class Pace {
  readonly #intervalMs: number;
  /** From when on a picture may be asked for, on the monotonic clock. */
  #dueMs = Number.NEGATIVE_INFINITY;
  /** Intervals that went by without a picture, less those that were accounted for. */
  #unused = 0;

  constructor(fps: number) {
    this.#intervalMs = 1_000 / fps;
  }

  /** How long to wait before the next picture is asked for, milliseconds. */
  waitMs(nowMs: number): number {
    return Math.max(0, this.#dueMs - nowMs);
  }

  /**
   * A picture has come.
   * @param missed pictures of the source since the one before that nobody asked for
   * @returns how many of these would have been within `fps`
   */
  take(nowMs: number, missed: number): number {
    const fromMs = Math.max(this.#dueMs, nowMs - this.#intervalMs);
    if (Number.isFinite(this.#dueMs)) this.#unused += (fromMs - this.#dueMs) / this.#intervalMs;
    this.#dueMs = fromMs + this.#intervalMs;
    const due = Math.min(missed, Math.floor(this.#unused));
    // What was not missed was never there: a slow camera saves up nothing.
    this.#unused %= 1;
    return due;
  }
}
