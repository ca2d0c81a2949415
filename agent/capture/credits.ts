import { BehaviorSubject, filter, map, type Observable, take } from "rxjs";

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
