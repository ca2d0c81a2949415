import { errorCodes } from "../../errors.js";
import type { CameraState } from "../contract/payloads.js";
import type { Logger } from "../kit/log.js";
import type { CameraStanding } from "./camera-state.js";
import type { Progress } from "./progress.js";

/** A camera that should go on, does not, and says nothing of it: only a new process can help. */
export interface Stuck {
  /** `cameras.<id>`. */
  readonly what: string;
  readonly code: "PIPELINE_STUCK";
  readonly reason: string;
}

type Standing = Pick<CameraStanding, "state" | "awaited">;

export interface LivenessOptions {
  readonly cameras: readonly {
    readonly config: { readonly id: string };
    readonly standing: Standing;
    /** Of the run that goes on; null where none does. */
    readonly progress: Progress | null;
  }[];
  readonly monotonicMs: () => number;
}

/** States in which pictures must come. In the others it is known, and said, why none does, but for a fault that does not keep them away. */
const COMING: readonly CameraState[] = ["starting", "ok", "anomalous"];
/** A look that comes later than this was held up, and the cameras with it: what passed meanwhile is not held against them. */
const LATE_MS = 2_000;

interface Seen {
  readonly progress: Progress | null;
  readonly steps: number;
  readonly quietMs: number;
}

/**
 * Whether the agent does its work, as supervisors are told: by systemd's watchdog and by /healthz. Not whether all is well: a camera
 * without signal, a broker that is away, a line that stands still are states that the agent lives with, and says.
 */
export class Liveness {
  readonly #options: LivenessOptions;
  readonly #seen = new Map<string, Seen>();
  #lookedAtMs: number | null = null;

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** To be called once a second. @returns what is stuck; empty where the agent does its work */
  look(): readonly Stuck[] {
    const { cameras, monotonicMs } = this.#options;
    const nowMs = monotonicMs();
    const passedMs = Math.min(nowMs - (this.#lookedAtMs ?? nowMs), LATE_MS);
    this.#lookedAtMs = nowMs;
    return cameras.flatMap(({ config: { id }, standing, progress }): Stuck[] => {
      const before = this.#seen.get(id);
      const goesOn = before?.progress !== progress || before?.steps !== progress?.steps;
      const quietMs = goesOn ? 0 : before.quietMs + passedMs;
      this.#seen.set(id, { progress, steps: progress?.steps ?? 0, quietMs });
      const reason = progress === null ? null : stuck(progress, standing, quietMs);
      return reason === null ? [] : [{ what: `cameras.${id}`, code: "PIPELINE_STUCK", reason }];
    });
  }
}

function stuck({ inFlight, patience }: Progress, { state, awaited }: Standing, quietMs: number): string | null {
  const seconds = Math.round(quietMs / 1_000);
  if (inFlight > 0) {
    if (quietMs <= patience.answersWithinMs) return null;
    return `${inFlight} frame${inFlight === 1 ? " was" : "s were"} captured and not judged for ${seconds} s`;
  }
  const isAwaited = awaited === true || COMING.includes(state);
  if (patience.silentMs === null || !isAwaited || quietMs <= patience.silentMs) return null;
  return `no picture for ${seconds} s, and capture does not say why`;
}

export interface WatchedLiveness {
  tick(): void;
  stuck(): readonly Stuck[];
}

/** Looks once a second, and logs what gets stuck, and what goes on after all. */
export function watchLiveness({ log, ...options }: LivenessOptions & { readonly log: Logger }): WatchedLiveness {
  const liveness = new Liveness(options);
  let now: readonly Stuck[] = [];
  return {
    tick: () => {
      const before = new Set(now.map(({ what }) => what));
      now = liveness.look();
      for (const { what, code, reason } of now) {
        if (!before.delete(what)) log.error(`${code}: ${what}: ${reason}. ${errorCodes[code].remedy}`);
      }
      for (const what of before) log.info(`${what}: it goes on`);
    },
    stuck: () => now,
  };
}
