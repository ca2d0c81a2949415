import { v7 as uuidv7 } from "uuid";
import type { AlertPhase, AlertStep, Region } from "../types.js";
import type { Alarm, Onset } from "./alarm.js";
import { mayBeSame, type Sighting, sightingOf, worstOf } from "./sighting.js";

export interface AlertLifeOptions {
  /** The shortest time between two steps of one alert, its raising and clearing excepted. */
  readonly updateEveryMs?: number;
  /** A defect that comes back at its place within this time after its alert cleared is the same alert. 0: never. */
  readonly mergeWithinMs?: number;
  /** A new alert's id; a UUIDv7 of the raising frame's time unless given. */
  readonly newId?: (tsMs: number) => string;
}

interface Alert {
  readonly id: string;
  raises: number;
  /** Of the present raise, as the fields that follow. Monotonic. */
  sinceMs: number;
  frames: number;
  worst: Sighting;
  /** The last anomalous frame that was looked at closely. */
  latest: Sighting;
  /** When its last step was reported; monotonic. */
  reportedAtMs: number;
  /** Null while it stands; monotonic. */
  clearedAtMs: number | null;
  step: AlertStep;
}

/** Alerts that can still be acknowledged, or come back. */
const MOST_REMEMBERED = 100;

/**
 * The alerts of one camera, at most one of them open: `raised`, `updated` at a bounded rate while it stands, `cleared`.
 * Intervals are measured by the frames' monotonic time: a wall clock that is set neither stretches an alert nor merges two.
 *
 * A defect that comes back at its place is one alert (ISA-18.2, chattering), but each return is a new `raised` and takes an
 * acknowledgement back (the same standard's re-alarming): it may be another bad part, which somebody has to take out. So every
 * figure of a step is of the present raise alone; `raises` counts the raises.
 */
export class AlertLife {
  readonly #updateEveryMs: number;
  readonly #mergeWithinMs: number;
  readonly #newId: (tsMs: number) => string;
  /** The latest last. */
  readonly #alerts: Alert[] = [];
  #open: Alert | null = null;

  constructor(options: AlertLifeOptions = {}) {
    this.#updateEveryMs = options.updateEveryMs ?? 1_000;
    this.#mergeWithinMs = options.mergeWithinMs ?? 0;
    this.#newId = options.newId ?? ((tsMs) => uuidv7({ msecs: tsMs }));
  }

  /** The step that this verdict makes, null where it makes none. */
  follow(alarm: Alarm): AlertStep | null {
    const { onset, active, verdict } = alarm;
    const open = this.#open;
    if (open === null) return onset === null ? null : this.#raise(alarm, onset);
    const nowMs = verdict.inspection.frame.availableAtMs;
    if (!active) {
      this.#open = null;
      open.clearedAtMs = nowMs;
      return this.#report(open, alarm, "cleared", []);
    }
    if (!verdict.anomalous) return null;
    open.frames += 1;
    const worse = verdict.inspection.score > open.worst.score;
    const due = nowMs - open.reportedAtMs >= this.#updateEveryMs;
    // Its regions cost time: they are looked for only where somebody will be shown them.
    if (!worse && !due) return null;
    open.latest = sightingOf(verdict);
    if (worse) open.worst = open.latest;
    return due ? this.#report(open, alarm, "updated", open.latest.regions) : null;
  }

  /** An operator has seen it, standing or cleared. Null where no such alert is remembered. */
  acknowledge(id: string, tsMs: number, by?: string): AlertStep | null {
    return this.#byOperator(id, "acknowledged", tsMs, by);
  }

  shelve(id: string, tsMs: number, by?: string): AlertStep | null {
    return this.#byOperator(id, "shelved", tsMs, by);
  }

  /** Nobody looks any more: what stood is cleared, so that no alert stays open for ever. */
  end(): AlertStep | null {
    const open = this.#open;
    if (open === null) return null;
    this.#open = null;
    open.clearedAtMs = open.reportedAtMs;
    open.step = { ...open.step, phase: "cleared" };
    return open.step;
  }

  /** Its latest step; null where no such alert is remembered. */
  find(id: string): AlertStep | null {
    return this.#alerts.find((alert) => alert.id === id)?.step ?? null;
  }

  /** The latest step of the alert that stands; null while none does. */
  get standing(): AlertStep | null {
    return this.#open?.step ?? null;
  }

  #raise(alarm: Alarm, onset: Onset): AlertStep {
    const { capturedAtMs, availableAtMs: nowMs } = alarm.verdict.inspection.frame;
    const latest = onset.at(-1)!;
    const raise = { sinceMs: onset[0].atMs, frames: onset.length, worst: worstOf(onset), latest };
    const present = { ...raise, reportedAtMs: nowMs, clearedAtMs: null };
    const known = this.#alerts.findLast(
      ({ clearedAtMs, latest: before }) =>
        clearedAtMs !== null && nowMs - clearedAtMs < this.#mergeWithinMs && mayBeSame(before, latest),
    );
    if (known !== undefined) {
      known.raises += 1;
      this.#open = Object.assign(known, present);
      return this.#report(known, alarm, "raised", latest.regions);
    }
    const fresh = { ...present, id: this.#newId(capturedAtMs), raises: 1 };
    const alert: Alert = { ...fresh, step: stepOf(fresh, alarm, "raised", latest.regions) };
    this.#open = alert;
    this.#alerts.push(alert);
    if (this.#alerts.length > MOST_REMEMBERED) this.#alerts.shift();
    return alert.step;
  }

  #report(alert: Alert, alarm: Alarm, phase: AlertPhase, regions: readonly Region[]): AlertStep {
    alert.reportedAtMs = alarm.verdict.inspection.frame.availableAtMs;
    alert.step = stepOf(alert, alarm, phase, regions);
    return alert.step;
  }

  #byOperator(id: string, phase: AlertPhase, tsMs: number, by: string | undefined): AlertStep | null {
    const last = this.find(id);
    if (last === null) return null;
    return { ...last, phase, tsMs, ...(by === undefined ? {} : { by }) };
  }
}

/** @param regions of the frame that the step reports */
function stepOf(
  { id, raises, sinceMs, frames, worst }: Omit<Alert, "step">,
  { verdict }: Alarm,
  phase: AlertPhase,
  regions: readonly Region[],
): AlertStep {
  const { inspection, threshold } = verdict;
  const { frame, score } = inspection;
  return {
    id,
    phase,
    camera: frame.camera,
    tsMs: frame.capturedAtMs,
    score,
    threshold: threshold.value,
    calibration: threshold.calibration,
    peak: worst.score,
    ...(worst.score > score ? { atPeak: { tsMs: worst.tsMs, regions: worst.regions, context: worst.context } } : {}),
    durationMs: Math.round(frame.availableAtMs - sinceMs),
    frames,
    raises,
    regions,
    model: inspection.model,
    context: frame.context ?? null,
  };
}
