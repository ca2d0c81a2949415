import { type AppSink, pull, type Shot, type Valve } from "./binding.js";

/** The way of a live camera's pictures to the scaler, which costs the most of what is done to them. */
export interface Gate {
  /** Shuts it; before the line plays. */
  reset(): void;
  /**
   * The camera's next picture. One that has come since the one before was taken will do only where it is asked for in the same turn:
   * later, it would be an old one. Null where the line ended, failed or was stopped.
   */
  next(): Promise<Taken | null>;
}

export interface Taken extends Shot {
  /** Pictures of the camera, since the one before, that nobody asked for. */
  readonly missed: number;
}

/** A picture that has passed the gate is in the sink after so long, even where the scaler has much to do. */
const SCALING_MS = 5;

/**
 * Lets pictures through to the scaler while one is asked for: what nobody wants costs nothing.
 * @param sink where the newest scaled picture waits
 * @param nativeSink which each picture of the camera reaches, wanted or not
 */
export function createGate(valve: Valve, sink: AppSink, nativeSink: AppSink): Gate {
  /** Scaled pictures that are known to wait in the sink no longer. */
  let gone = 0;
  /** Pictures of the camera that were taken or missed: one fewer than there are where the newest may still be taken. */
  let accounted = 0;
  let asked = false;

  /** The next scaled picture, of those that come from now on. */
  async function nextFresh(): Promise<Shot | null> {
    let next = pull(sink);
    if (valve.drop && reached(sink) > gone) {
      // A second picture may have slipped through before the gate was shut. What comes through a shut gate is that one.
      const straggler = await Promise.race([next, after(SCALING_MS)]);
      if (straggler === null) return null;
      gone = reached(sink);
      if (straggler !== undefined) next = pull(sink);
    }
    valve.drop = false;
    return next;
  }

  return {
    reset() {
      valve.drop = true;
      gone = 0;
      accounted = 0;
    },
    async next() {
      asked = true;
      const shot = await nextFresh();
      asked = false;
      setImmediate(() => {
        if (!asked) valve.drop = true;
      });
      if (shot === null) return null;
      gone += 1;
      const missed = Math.max(0, reached(nativeSink) - accounted - 2);
      accounted += missed + 1;
      return { ...shot, missed };
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
