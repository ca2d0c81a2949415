/** Does one piece of work after the other, in the order asked for. Settles as the piece does. */
export type InTurn = <Result>(work: () => Result | Promise<Result>) => Promise<Result>;

/** A queue of its own: a piece that fails holds up none of those behind it. Whoever asks for a piece takes its error, or it is lost. */
export function inTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    // Whoever asked for it is given the error; the next piece is done all the same.
    last = done.catch(() => undefined);
    return done;
  };
}

/** Pieces of work one after the other, whose failures go to one place; a piece that waits already is not queued twice. */
export class Serial {
  readonly #inTurn = inTurns();
  readonly #onError: (error: unknown) => void;
  readonly #waiting = new Set<() => Promise<void>>();

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Resolves when the work is done, or has failed and is reported. */
  run(work: () => Promise<void>): Promise<void> {
    return this.#inTurn(() => work().catch(this.#onError));
  }

  /** Queues the work unless it waits already; once it runs, it is queued anew. @param work always the same function */
  soon(work: () => Promise<void>): void {
    if (this.#waiting.has(work)) return;
    this.#waiting.add(work);
    void this.run(() => {
      this.#waiting.delete(work);
      return work();
    });
  }
}
