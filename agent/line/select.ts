/** Small operators that pick one kind of value out of the pipeline's unions. */
import { concatMap, filter, map, type OperatorFunction, pipe } from "rxjs";
import type { StateCue } from "../health/camera-state.js";
import type { Part } from "../parts/part.js";
import type { PartCue } from "../parts/part-life.js";
import type { Alarm } from "../scoring/alarm.js";
import type { CameraEvent, Frame, Inspection, Outcome, Verdict } from "../types.js";

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

/** A part may take minutes, and some pictures are of none: each that is judged shows that the camera is well. */
export function wellCues(): OperatorFunction<Verdict, StateCue> {
  return map(() => ({ kind: "judged" }) as const);
}

export function alarmCues(): OperatorFunction<Alarm, StateCue> {
  return map(({ active }) => ({ kind: "alarm", active }) as const);
}

/** The pictures of a camera, those included that never came or could not be read. */
export function pictureCues(): OperatorFunction<CameraEvent, PartCue> {
  return filter((event) => event.kind !== "condition");
}

export function judgedCues(): OperatorFunction<Verdict, PartCue> {
  return map((verdict) => ({ kind: "judged", verdict }) as const);
}

export function unjudgedCues(): OperatorFunction<Outcome, PartCue> {
  return pipe(
    filter((outcome) => outcome.kind === "failed"),
    map(({ failure }) => ({ kind: "unjudged", failure }) as const),
  );
}

/** The worst picture of each part that was seen. */
export function worstPictures(): OperatorFunction<Part, Verdict> {
  return pipe(
    map(({ worst }) => worst),
    filter((worst) => worst !== null),
  );
}
