/** One piece of work after the other. A kind of work that waits already is not asked for twice. */
export class Serial {
  readonly #onError: (error: unknown) => void;
  readonly #waiting = new Set<() => Promise<void>>();
  #last: Promise<void> = Promise.resolve();

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Resolves when it is done, or failed and told. */
  run(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(work).catch(this.#onError);
    return this.#last;
  }

  /** What is asked for while it waits is done by the same run; not so once it runs. @param work always the same function */
  soon(work: () => Promise<void>): void {
    if (this.#waiting.has(work)) return;
    this.#waiting.add(work);
    void this.run(() => {
      this.#waiting.delete(work);
      return work();
    });
  }
}
