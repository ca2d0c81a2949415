import { Observable, type OperatorFunction } from "rxjs";
import type { Verdict } from "../types.js";

export interface AlarmPolicy {
  /** Anomalous frames among the last `within` that raise the alarm. */
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

/** The anomalous frames that led to the alarm, the raising one included. */
export interface Onset {
  /** Monotonic, of the first of them. */
  readonly sinceMs: number;
  readonly peak: number;
  readonly frames: number;
}

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
      let recent: Verdict[] = [];
      let active = false;
      let goodInARow = 0;
      const next = (verdict: Verdict): Alarm => {
        if (active) {
          const good = verdict.inspection.score <= policy.clearBelow * verdict.threshold.value;
          goodInARow = good ? goodInARow + 1 : 0;
          if (goodInARow >= policy.clearAfter) active = false;
          return { verdict, active, onset: null };
        }
        // Only what the onset needs is kept: holding the verdicts would hold their maps.
        recent.push(withoutPictures(verdict));
        if (recent.length > policy.within) recent.shift();
        const bad = verdict.anomalous ? recent.filter((each) => each.anomalous) : [];
        if (bad.length < policy.raiseAfter || bad.length === 0) return { verdict, active, onset: null };
        active = true;
        goodInARow = 0;
        recent = [];
        return { verdict, active, onset: onsetOf(bad) };
      };
      return verdicts$.subscribe({
        next: (verdict) => subscriber.next(next(verdict)),
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}

function onsetOf(bad: readonly Verdict[]): Onset {
  return {
    sinceMs: bad[0]!.inspection.frame.availableAtMs,
    peak: Math.max(...bad.map((verdict) => verdict.inspection.score)),
    frames: bad.length,
  };
}

const NO_MAP = new Float32Array(0);
const NO_PIXELS = new Uint8Array(0);

function withoutPictures(verdict: Verdict): Verdict {
  const { inspection } = verdict;
  return { ...verdict, inspection: { ...inspection, map: NO_MAP, frame: { ...inspection.frame, pixels: NO_PIXELS } } };
}
