/** Small operators that pick one kind of value out of the pipeline's unions. */
import { concatMap, filter, map, type OperatorFunction, pipe } from "rxjs";
import type { StateCue } from "../health/camera-state.js";
import type { Alarm } from "../scoring/alarm.js";
import type { CameraEvent, Frame, Inspection, Outcome } from "../types.js";

export function frames(): OperatorFunction<CameraEvent, Frame> {
  return pipe(
    filter((event) => event.kind === "frame"),
    map((event) => event.frame),
  );
}

export function inspections(): OperatorFunction<Outcome, Inspection> {
  return pipe(
    filter((outcome) => outcome.kind === "inspected"),
    map((outcome) => outcome.inspection),
  );
}

/** What the camera says of itself, and each picture of it that could not be read. */
export function cameraCues(): OperatorFunction<CameraEvent, StateCue> {
  return concatMap((event): StateCue[] => {
    if (event.kind === "condition") return [event];
    return event.kind === "failed" ? [{ kind: "failed", reason: `${event.code}: ${event.reason}` }] : [];
  });
}

export function failureCues(): OperatorFunction<Outcome, StateCue> {
  return pipe(
    filter((outcome) => outcome.kind === "failed"),
    map(({ failure }) => ({ kind: "failed", reason: `${failure.code}: ${failure.reason}` }) as const),
  );
}

export function alarmCues(): OperatorFunction<Alarm, StateCue> {
  return map(({ active }) => ({ kind: "alarm", active }) as const);
}
