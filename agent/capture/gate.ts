import { type AppSink, pull, type Shot, type Valve } from "./binding.js";

/** The way of a live camera's pictures to the scaler, which costs the most of what is done to them. */
export interface Gate {
  /** Shuts it; before the line plays. */
  reset(): void;
  /**
   * The camera's next picture, or one that has come in the milliseconds since the one before was taken. Null where the line ended,
   * failed or was stopped.
   */
  next(): Promise<Shot | null>;
}

/** A picture that has passed the gate is in the sink after so long, even where the scaler has much to do. */
const SCALING_MS = 5;
/** Whoever asks again so soon finds the gate open: opening and shutting it at each picture would cost more than it saves. */
const LINGER_MS = 10;

/**
 * Lets pictures through to the scaler while one is asked for: what nobody wants costs nothing.
 * @param sink where the newest scaled picture waits
 */
export function createGate(valve: Valve, sink: AppSink): Gate {
  /** Scaled pictures that are known to wait in the sink no longer. */
  let gone = 0;
  let shutting: NodeJS.Timeout | undefined;
  let shut = true;

  function set(drop: boolean): void {
    if (shut !== drop) valve.drop = drop;
    shut = drop;
  }

  /** The next scaled picture, of those that come from now on. */
  async function nextFresh(): Promise<Shot | null> {
    let next = pull(sink);
    if (shut && reached(sink) > gone) {
      // A second picture may have slipped through before the gate was shut. What comes through a shut gate is that one.
      const straggler = await Promise.race([next, after(SCALING_MS)]);
      if (straggler === null) return null;
      gone = reached(sink);
      if (straggler !== undefined) next = pull(sink);
    }
    set(false);
    return next;
  }

  return {
    reset() {
      clearTimeout(shutting);
      valve.drop = true;
      shut = true;
      gone = 0;
    },
    async next() {
      clearTimeout(shutting);
      const shot = await nextFresh();
      if (shot === null) return null;
      shutting = setTimeout(set, LINGER_MS, true);
      gone += 1;
      return shot;
    },
  };
}

/** An appsink of GStreamer 1.22 does not count what it drops, but every buffer that reaches it is `rendered`. */
function reached(sink: AppSink): number {
  return Number(/rendered=\(guint64\)(\d+)/.exec(sink.stats)?.[1] ?? 0);
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined));
}
