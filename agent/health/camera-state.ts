import { distinctUntilChanged, map, type Observable, pipe, scan, startWith, type UnaryFunction } from "rxjs";
import type { CameraState } from "../contract/payloads.js";
import type { CameraEvent } from "../types.js";

/** What a camera's state depends on. */
export type StateCue =
  | Extract<CameraEvent, { kind: "condition" }>
  /** A frame was judged, of a part or of none. */
  | { readonly kind: "judged" }
  /** A frame, or a part, was taken into account. */
  | { readonly kind: "alarm"; readonly active: boolean }
  /** A picture could not be read, or not be judged. */
  | { readonly kind: "failed"; readonly reason: string };

export interface CameraStanding {
  readonly state: CameraState;
  /** Null with `ok` and `anomalous` alone. */
  readonly reason: string | null;
  /** True where the source has come to its end: it is `idle`, and stays so. */
  readonly ended?: true;
  /** True where pictures must come though none can be judged: `faulted`, and not by a source that says nothing more is to come. */
  readonly awaited?: true;
}

/** A single failed picture is counted, not an outage. */
const FAULTED_AFTER = 3;

interface Memory {
  readonly condition: "starting" | "delivering" | "idle" | "no-signal" | "ended";
  readonly conditionReason: string | null;
  readonly alarm: boolean;
  /** Whether any frame was judged. */
  readonly judged: boolean;
  /** In a row. */
  readonly failures: number;
  /** The first of them: the state must not change with each picture's name. */
  readonly failure: string | null;
}

const AT_START: Memory = {
  condition: "starting",
  conditionReason: "waiting for the first picture",
  alarm: false,
  judged: false,
  failures: 0,
  failure: null,
};

/** From cues to the camera's state, at each change of it. A camera without signal is that, whatever was seen before. */
export function cameraState(): UnaryFunction<Observable<StateCue>, Observable<CameraStanding>> {
  return pipe(
    scan(remember, AT_START),
    startWith(AT_START),
    map(standing),
    distinctUntilChanged((a, b) => a.state === b.state && a.reason === b.reason && a.awaited === b.awaited),
  );
}

function remember(memory: Memory, cue: StateCue): Memory {
  switch (cue.kind) {
    case "condition":
      return { ...memory, condition: cue.condition, conditionReason: cue.reason };
    case "judged":
      return { ...memory, judged: true, failures: 0, failure: null };
    case "alarm":
      return { ...memory, alarm: cue.active };
    case "failed":
      return { ...memory, failures: memory.failures + 1, failure: memory.failure ?? cue.reason };
  }
}

function standing(memory: Memory): CameraStanding {
  const { condition, conditionReason: reason, failures, failure } = memory;
  if (condition === "no-signal") return { state: "no-signal", reason };
  // A source that ended without one picture that could be judged has shown nothing.
  const nothingJudged = failures > 0 && !memory.judged && condition === "ended";
  if (failures >= FAULTED_AFTER || nothingJudged) {
    const isQuiet = condition === "idle" || condition === "ended";
    return { state: "faulted", reason: failure, ...(isQuiet ? {} : { awaited: true }) };
  }
  if (condition === "starting") return { state: "starting", reason: failure ?? reason };
  if (condition === "idle") return { state: "idle", reason };
  if (condition === "ended") return { state: "idle", reason: reason ?? "the source has ended", ended: true };
  return { state: memory.alarm ? "anomalous" : "ok", reason: null };
}
