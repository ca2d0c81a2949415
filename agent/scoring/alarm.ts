import { Observable, type OperatorFunction } from "rxjs";
import type { Verdict } from "../types.js";
import { type Sighting, sightingOf } from "./sighting.js";

export interface AlarmPolicy {
  /** Anomalous frames among the last `within` that raise the alarm; at least 1. */
  readonly raiseAfter: number;
  /** At least `raiseAfter`; the N of "raiseAfter of the last N". */
  readonly within: number;
  /** Good frames in a row that clear it. */
  readonly clearAfter: number;
  /**
   * While it stands, a frame is good up to this share of the threshold: the limits for on and off lie apart, so that a
   * score that hovers at the threshold does not raise an alarm again and again (ISA-18.2, deadband). 0..1.
   */
  readonly clearBelow: number;
}

/** The anomalous frames that raised the alarm, the raising one last. */
export type Onset = readonly [Sighting, ...Sighting[]];

/** A verdict, and whether the camera's alarm stands after it. */
export interface Alarm {
  readonly verdict: Verdict;
  readonly active: boolean;
  /** Only with the verdict that raises the alarm. */
  readonly onset: Onset | null;
}

/** Turns single verdicts into a standing alarm: one noisy frame neither raises nor clears it. */
export function alarm(policy: AlarmPolicy): OperatorFunction<Verdict, Alarm> {
  return (verdicts$) =>
    new Observable((subscriber) => {
      /** The last frames, null for one that was not anomalous. */
      let recent: (Sighting | null)[] = [];
      let active = false;
      let goodInARow = 0;
      const next = (verdict: Verdict): Alarm => {
        if (active) {
          const good = verdict.inspection.score <= policy.clearBelow * verdict.threshold.value;
          goodInARow = good ? goodInARow + 1 : 0;
          if (goodInARow >= policy.clearAfter) active = false;
          return { verdict, active, onset: null };
        }
        recent.push(verdict.anomalous ? sightingOf(verdict) : null);
        if (recent.length > policy.within) recent.shift();
        const [first, ...rest] = recent.filter((each) => each !== null);
        const raised = verdict.anomalous && first !== undefined && rest.length + 1 >= policy.raiseAfter;
        if (!raised) return { verdict, active, onset: null };
        active = true;
        goodInARow = 0;
        recent = [];
        return { verdict, active, onset: [first, ...rest] };
      };
      return verdicts$.subscribe({
        next: (verdict) => subscriber.next(next(verdict)),
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}
