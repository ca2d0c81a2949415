/** The two clocks: one to measure with, one to say when. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  readonly monotonicMs: () => number;
  /** Epoch milliseconds; whoever sets the machine's clock moves it. */
  readonly wallMs: () => number;
}

export const realClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
