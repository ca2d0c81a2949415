/** Keeps each camera's alerts in their order, though one of them may have to wait for its picture. */
export interface InOrder<T> {
  /** Calls `then` with what was waited for, after every earlier one of the camera; at once where there is nothing to wait for. */
  after(camera: string, waited: Promise<T | null> | null, then: (value: T | null) => void): void;
  /** When nothing waits. */
  settled(): Promise<unknown>;
}

export function inOrder<T>(): InOrder<T> {
  const tails = new Map<string, Promise<void>>();
  return {
    after(camera, waited, then) {
      const tail = tails.get(camera);
      if (waited === null && tail === undefined) {
        then(null);
        return;
      }
      const next = Promise.all([waited, tail]).then(([value]) => {
        // Before `then`: it may hand on the next one of the camera, which has nothing to wait for any more.
        if (tails.get(camera) === next) tails.delete(camera);
        then(value);
      });
      tails.set(camera, next);
    },
    settled: () => Promise.all(tails.values()),
  };
}
