import { v7 as uuidv7 } from "uuid";
import type { AlertPhase, AlertStep, Rect, Region } from "../types.js";
import type { Alarm } from "./alarm.js";
import { regionsOf } from "./regions.js";

export interface AlertLifeOptions {
  /** The shortest time between two messages of one alert, its raising and clearing excepted. */
  readonly updateEveryMs?: number;
  /** A defect that comes back at its place within this time after its alert cleared is the same alert. 0: never. */
  readonly mergeWithinMs?: number;
  /** A new alert's id; a UUIDv7 of the raising frame's time unless given. */
  readonly newId?: (tsMs: number) => string;
}

interface Alert {
  readonly id: string;
  /** Monotonic, as the other times here; `ts` alone is the wall clock's. */
  readonly sinceMs: number;
  peak: number;
  frames: number;
  raises: number;
  toldAtMs: number;
  /** Null while it stands. */
  clearedAtMs: number | null;
  /** Where it was seen last. */
  places: readonly Region[];
  last: AlertStep;
}

/** Those that can still be acknowledged, or come back. */
const MOST_REMEMBERED = 100;

/**
 * The alerts of one camera, at most one of them open: `raised`, `updated` at a bounded rate while it stands, `cleared`.
 * Intervals are measured by the frames' monotonic time: a wall clock that is set neither stretches an alert nor merges two.
 *
 * A repeating defect is one alert (ISA-18.2, chattering), but each return is a new `raised` and takes an acknowledgement
 * back (the same standard's re-alarming): on a line it is another bad part, which somebody has to take out.
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

  /** What there is to tell, null when nothing. */
  follow(alarm: Alarm): AlertStep | null {
    const { inspection, threshold, anomalous } = alarm.verdict;
    const { frame, score } = inspection;
    const nowMs = frame.availableAtMs;
    const open = this.#open;
    if (open === null) {
      if (alarm.onset === null) return null;
      const places = regionsOf(inspection.map, frame.size, threshold.value, frame.view);
      return this.#tell(this.#raise(alarm, places), alarm, "raised", places);
    }
    if (anomalous) {
      open.frames += 1;
      open.peak = Math.max(open.peak, score);
    }
    if (!alarm.active) {
      this.#open = null;
      open.clearedAtMs = nowMs;
      return this.#tell(open, alarm, "cleared");
    }
    return anomalous && nowMs - open.toldAtMs >= this.#updateEveryMs ? this.#tell(open, alarm, "updated") : null;
  }

  /** An operator has seen it, standing or cleared. Null where no such alert is remembered. */
  acknowledge(id: string, tsMs: number, by?: string): AlertStep | null {
    return this.#retell(id, "acknowledged", tsMs, by);
  }

  shelve(id: string, tsMs: number, by?: string): AlertStep | null {
    return this.#retell(id, "shelved", tsMs, by);
  }

  /** Nobody looks any more: what stood is cleared, so that no alert stays open for ever. */
  end(): AlertStep | null {
    const open = this.#open;
    if (open === null) return null;
    this.#open = null;
    open.clearedAtMs = open.toldAtMs;
    open.last = { ...open.last, phase: "cleared" };
    return open.last;
  }

  /** As it was told last; null where no such alert is remembered. */
  find(id: string): AlertStep | null {
    return this.#alerts.find((alert) => alert.id === id)?.last ?? null;
  }

  /** As it was told last; null while none stands. */
  get standing(): AlertStep | null {
    return this.#open?.last ?? null;
  }

  #raise(alarm: Alarm, places: readonly Region[]): Alert {
    const onset = alarm.onset!;
    const { capturedAtMs, availableAtMs: nowMs } = alarm.verdict.inspection.frame;
    const known = this.#alerts.findLast(
      ({ clearedAtMs, places: before }) =>
        clearedAtMs !== null && nowMs - clearedAtMs < this.#mergeWithinMs && touching(before, places),
    );
    if (known !== undefined) {
      known.peak = Math.max(known.peak, onset.peak);
      known.frames += onset.frames;
      known.raises += 1;
      known.clearedAtMs = null;
      this.#open = known;
      return known;
    }
    const { peak, frames, sinceMs } = onset;
    const fresh = {
      id: this.#newId(capturedAtMs),
      sinceMs,
      peak,
      frames,
      raises: 1,
      toldAtMs: nowMs,
      clearedAtMs: null,
      places,
    };
    const alert: Alert = { ...fresh, last: stepOf(fresh, alarm, "raised", places) };
    this.#open = alert;
    this.#alerts.push(alert);
    if (this.#alerts.length > MOST_REMEMBERED) this.#alerts.shift();
    return alert;
  }

  #tell(alert: Alert, alarm: Alarm, phase: AlertPhase, regions?: readonly Region[]): AlertStep {
    const { inspection, threshold } = alarm.verdict;
    const { frame, map } = inspection;
    const found = regions ?? regionsOf(map, frame.size, threshold.value, frame.view);
    if (found.length > 0) alert.places = found;
    alert.toldAtMs = frame.availableAtMs;
    alert.last = stepOf(alert, alarm, phase, found);
    return alert.last;
  }

  #retell(id: string, phase: AlertPhase, tsMs: number, by: string | undefined): AlertStep | null {
    const last = this.find(id);
    if (last === null) return null;
    return { ...last, phase, tsMs, ...(by === undefined ? {} : { by }) };
  }
}

function stepOf(
  alert: Pick<Alert, "id" | "sinceMs" | "peak" | "frames" | "raises">,
  { verdict }: Alarm,
  phase: AlertPhase,
  regions: readonly Region[],
): AlertStep {
  const { inspection, threshold } = verdict;
  const { frame } = inspection;
  return {
    id: alert.id,
    phase,
    camera: frame.camera,
    tsMs: frame.capturedAtMs,
    score: inspection.score,
    threshold: threshold.value,
    calibration: threshold.calibration,
    peak: alert.peak,
    durationMs: Math.round(frame.availableAtMs - alert.sinceMs),
    frames: alert.frames,
    raises: alert.raises,
    regions,
    model: inspection.model,
    context: frame.context ?? null,
  };
}

function touching(some: readonly Rect[], others: readonly Rect[]): boolean {
  return some.some((a) =>
    others.some((b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height),
  );
}
