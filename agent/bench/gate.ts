import { Observable } from "rxjs";

/** The gate that holds demand back while it is closed, so that an agent can be paused between two segments; no demand is lost. */
export interface Gate {
  pass(demand$: Observable<number>): Observable<number>;
  open(): void;
  close(): void;
}

export function demandGate(): Gate {
  let isOpen = false;
  const held = new Set<() => void>();
  return {
    open: () => {
      isOpen = true;
      for (const release of held) release();
    },
    close: () => {
      isOpen = false;
    },
    pass: (demand$) =>
      new Observable((subscriber) => {
        let waiting = 0;
        const release = (): void => {
          const count = waiting;
          waiting = 0;
          if (count > 0) subscriber.next(count);
        };
        held.add(release);
        const source = demand$.subscribe((count) => {
          waiting += count;
          if (isOpen) release();
        });
        return () => {
          held.delete(release);
          source.unsubscribe();
        };
      }),
  };
}
