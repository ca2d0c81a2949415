/** The two clocks: one to measure with, one to say when. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  readonly monotonicMs: () => number;
  /** Epoch milliseconds; whoever sets the machine's clock moves it. */
  readonly wallMs: () => number;
  /** Whether nobody vouches for what the wall clock said, or says. Absent where it is not the machine's: never. @param stampMs epoch milliseconds */
  readonly isDoubted?: (stampMs: number) => boolean;
}

/** What stands beside a time that nobody vouches for. */
export interface ClockMark {
  readonly clock?: "unsynchronised";
}

const DOUBTED: ClockMark = { clock: "unsynchronised" };
const VOUCHED: ClockMark = {};

export function clockMark(clock: Clock, stampMs: number): ClockMark {
  return clock.isDoubted?.(stampMs) === true ? DOUBTED : VOUCHED;
}

/** What slewing, a leap second or a busy machine makes of a wall clock; more was set by somebody. */
export const STEP_MS = 60_000;

/** This moment, in epoch milliseconds: as the wall clock tells it now, or, once that was set, as it would have told it then. */
export function moment({ wallMs, monotonicMs }: Clock): () => number {
  const then = { wallMs: wallMs(), monotonicMs: monotonicMs() };
  return () => {
    const nowSaysMs = Math.round(wallMs() - (monotonicMs() - then.monotonicMs));
    return Math.abs(nowSaysMs - then.wallMs) < STEP_MS ? then.wallMs : nowSaysMs;
  };
}

export const realClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
