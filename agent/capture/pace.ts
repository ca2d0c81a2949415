/**
 * Keeps a source to so many pictures a second, over time: a token bucket. Pictures that come late, or are seen late by a busy event
 * loop, are chased by those that follow: by one, or by as many as are due in `slackMs`.
 */
export class Pace {
  readonly #intervalMs: number;
  readonly #slackMs: number;
  /** From when on a picture may be asked for, on the monotonic clock. */
  #dueMs = Number.NEGATIVE_INFINITY;
  /** Intervals that went by without a picture, less those that were accounted for. */
  #unused = 0;

  constructor(fps: number, slackMs = 0) {
    this.#intervalMs = 1_000 / fps;
    this.#slackMs = Math.max(this.#intervalMs, slackMs);
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
    const fromMs = Math.max(this.#dueMs, nowMs - this.#slackMs);
    if (Number.isFinite(this.#dueMs)) this.#unused += (fromMs - this.#dueMs) / this.#intervalMs;
    this.#dueMs = fromMs + this.#intervalMs;
    const due = Math.min(missed, Math.floor(this.#unused));
    // What was not missed was never there: a slow camera saves up nothing.
    this.#unused %= 1;
    return due;
  }
}
