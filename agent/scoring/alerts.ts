import { Observable, type OperatorFunction } from "rxjs";
import { v7 as uuidv7 } from "uuid";
import type { AlertPhase, AlertStep } from "../types.js";
import type { Alarm, Onset } from "./alarm.js";
import { regionsOf } from "./regions.js";

export interface AlertOptions {
  /** The shortest time between two messages of one alert, its raising and clearing excepted. */
  readonly updateEveryMs?: number;
  /** A new alert's id; a UUIDv7 of the raising frame's time unless given. */
  readonly newId?: (tsMs: number) => string;
}

interface OpenAlert {
  readonly id: string;
  readonly onset: Onset;
  peak: number;
  frames: number;
  toldAtMs: number;
}

/**
 * The life of an alert: `raised` once, `updated` at a bounded rate while it stands, `cleared` once.
 * Time is the frames' own, so that a replayed recording gives the same alerts.
 */
export function alerts(options: AlertOptions = {}): OperatorFunction<Alarm, AlertStep> {
  const updateEveryMs = options.updateEveryMs ?? 1_000;
  const newId = options.newId ?? ((tsMs: number) => uuidv7({ msecs: tsMs }));
  return (alarms$) =>
    new Observable((subscriber) => {
      let open: OpenAlert | null = null;
      return alarms$.subscribe({
        next: (alarm) => {
          const { frame, score } = alarm.verdict.inspection;
          const tsMs = frame.capturedAtMs;
          if (open === null) {
            if (alarm.onset === null) return;
            const { onset } = alarm;
            open = { id: newId(tsMs), onset, peak: onset.peak, frames: onset.frames, toldAtMs: tsMs };
            subscriber.next(step(open, alarm, "raised"));
            return;
          }
          if (alarm.verdict.anomalous) {
            open.frames += 1;
            open.peak = Math.max(open.peak, score);
          }
          if (!alarm.active) {
            const closing = open;
            open = null;
            subscriber.next(step(closing, alarm, "cleared"));
          } else if (alarm.verdict.anomalous && tsMs - open.toldAtMs >= updateEveryMs) {
            open.toldAtMs = tsMs;
            subscriber.next(step(open, alarm, "updated"));
          }
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}

function step(alert: OpenAlert, { verdict }: Alarm, phase: AlertPhase): AlertStep {
  const { inspection, threshold } = verdict;
  const { frame } = inspection;
  return {
    id: alert.id,
    phase,
    camera: frame.camera,
    tsMs: frame.capturedAtMs,
    score: inspection.score,
    threshold,
    peak: alert.peak,
    durationMs: Math.max(0, Math.round(frame.capturedAtMs - alert.onset.tsMs)),
    frames: alert.frames,
    regions: regionsOf(inspection.map, frame.size, threshold, frame.view),
    model: inspection.model,
    context: frame.context ?? null,
  };
}
