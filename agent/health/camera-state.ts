import { distinctUntilChanged, map, type Observable, pipe, scan, startWith, type UnaryFunction } from "rxjs";
import type { CameraState } from "../contract/payloads.js";
import type { CameraEvent } from "../types.js";

/** What a camera's state depends on. */
export type StateCue =
  | Extract<CameraEvent, { kind: "condition" }>
  | { readonly kind: "alarm"; readonly active: boolean }
  | { readonly kind: "failed"; readonly reason: string };

export interface CameraStanding {
  readonly state: CameraState;
  readonly reason: string | null;
}

/** A single failed frame is counted, not an outage. */
const FAULTED_AFTER = 3;

interface Memory {
  readonly condition: "starting" | "delivering" | "idle" | "no-signal" | "ended";
  readonly conditionReason: string | null;
  readonly alarm: boolean;
  readonly failures: number;
  readonly failure: string | null;
}

const atStart: Memory = { condition: "starting", conditionReason: null, alarm: false, failures: 0, failure: null };

/** From cues to the camera's state, told only when it changes. A camera without signal is that, whatever was seen before. */
export function cameraState(): UnaryFunction<Observable<StateCue>, Observable<CameraStanding>> {
  return pipe(
    scan(remember, atStart),
    startWith(atStart),
    map(standing),
    distinctUntilChanged((a, b) => a.state === b.state && a.reason === b.reason),
  );
}

function remember(memory: Memory, cue: StateCue): Memory {
  switch (cue.kind) {
    case "condition":
      return { ...memory, condition: cue.condition, conditionReason: cue.reason };
    case "alarm":
      return { ...memory, alarm: cue.active, failures: 0, failure: null };
    case "failed":
      return { ...memory, failures: memory.failures + 1, failure: cue.reason };
  }
}

function standing(memory: Memory): CameraStanding {
  const { condition, conditionReason: reason } = memory;
  if (condition === "no-signal") return { state: "no-signal", reason };
  if (memory.failures >= FAULTED_AFTER) return { state: "faulted", reason: memory.failure };
  if (condition === "starting") return { state: "starting", reason };
  if (condition === "idle") return { state: "idle", reason };
  if (condition === "ended") return { state: "idle", reason: reason ?? "the source has ended" };
  return { state: memory.alarm ? "anomalous" : "ok", reason: null };
}
