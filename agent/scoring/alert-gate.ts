import { v7 as uuidv7 } from "uuid";
import type { AlertStep } from "../types.js";
import type { RaiseRate } from "./raise-rate.js";

export interface AlertGateOptions {
  readonly rate: RaiseRate;
  /** Between two messages about a flood. */
  readonly summaryEveryMs: number;
  /** The id of a flood's own alert; a UUIDv7 unless given. */
  readonly newId?: (tsMs: number) => string;
}

/** Alerts that are being held back for one reason. */
interface Hold {
  count: number;
  /** The latest step of the last of them. */
  last: AlertStep | null;
}

interface Shelving extends Hold {
  readonly untilMs: number;
}

interface Flood extends Hold {
  readonly id: string;
  readonly sinceMs: number;
  readonly fromMs: number;
  peak: number;
  /** As of its last summary. */
  reportedCount: number;
  reportedAtMs: number;
}

export interface HeldBack {
  readonly shelved: number;
  readonly flood: number;
}

const CAMERA = "*";

/**
 * The gate that holds a camera's alerts back while they are shelved or too many, and loses none of the count (ISA-18.2, 11.7 and
 * 16.5). An alert held back is not published at all; one that was published is published `cleared` whatever happens. At the end of a
 * shelving the last alert held back is published as it stands, with `suppressed`, the number of them. A flood is an alert of its own,
 * `raised` at once, `updated` with the number so far, `cleared` at its end, after which an alert that still stands is raised.
 * Times are monotonic milliseconds.
 */
export class AlertGate {
  readonly #options: AlertGateOptions;
  /** By alert, or CAMERA. */
  readonly #shelvings = new Map<string, Shelving>();
  #flood: Flood | null = null;
  /** The alert that stands and is held back. */
  #held: { readonly id: string; readonly by: Hold } | null = null;
  /** The alert that stands and was published: its latest step. */
  #published: AlertStep | null = null;
  readonly #heldBack = { shelved: 0, flood: 0 };

  constructor(options: AlertGateOptions) {
    this.#options = options;
  }

  /** How many alerts were held back since the start. */
  get heldBack(): HeldBack {
    return { ...this.#heldBack };
  }

  /** When the camera's shelving ends, null while it has none. */
  get shelvedUntilMs(): number | null {
    return this.#shelvings.get(CAMERA)?.untilMs ?? null;
  }

  /** The steps to publish. */
  pass(step: AlertStep, nowMs: number): readonly AlertStep[] {
    switch (step.phase) {
      case "raised":
        return this.#raised(step, nowMs);
      case "updated":
        return this.#follow(step, this.#shelvingOf(step.id) !== undefined);
      case "cleared":
        return this.#follow(step, false);
      default:
        return [step];
    }
  }

  /** @param id of one alert, null for all of the camera's. A second shelving takes the place of the first. */
  shelve(id: string | null, untilMs: number): void {
    const key = id ?? CAMERA;
    const { count, last } = this.#shelvings.get(key) ?? { count: 0, last: null };
    const shelving: Shelving = { untilMs, count, last };
    const before = this.#shelvings.get(key);
    if (before !== undefined && this.#held?.by === before) this.#held = { id: this.#held.id, by: shelving };
    this.#shelvings.set(key, shelving);
  }

  /** Ends a shelving now. @returns the steps to publish, null where there was none */
  unshelve(id: string | null): readonly AlertStep[] | null {
    const key = id ?? CAMERA;
    const shelving = this.#shelvings.get(key);
    if (shelving === undefined) return null;
    this.#shelvings.delete(key);
    return this.#endOf(key, shelving);
  }

  /** Ends what is over and summarises floods; to be called about once a second. @returns the steps to publish */
  tick(nowMs: number): readonly AlertStep[] {
    const over = [...this.#shelvings].filter(([, { untilMs }]) => nowMs >= untilMs);
    const steps = over.flatMap(([key, shelving]) => {
      this.#shelvings.delete(key);
      return this.#endOf(key, shelving);
    });
    const flood = this.#flood;
    if (flood === null) return steps;
    if (this.#options.rate.subsided(nowMs)) return [...steps, ...this.#endOfFlood(flood, nowMs)];
    if (flood.count === flood.reportedCount || nowMs - flood.reportedAtMs < this.#options.summaryEveryMs) return steps;
    return [...steps, summary(flood, "updated", nowMs)];
  }

  /** The steps that account for what was held back, before the agent stops: a shelving goes on after its restart, the count would not. */
  end(nowMs: number): readonly AlertStep[] {
    const steps = [...this.#shelvings].flatMap(([key, shelving]) =>
      shelving.last === null ? [] : this.#endOf(key, shelving),
    );
    return this.#flood === null ? steps : [...steps, ...this.#endOfFlood(this.#flood, nowMs)];
  }

  #raised(step: AlertStep, nowMs: number): readonly AlertStep[] {
    const { rate } = this.#options;
    rate.raised(nowMs);
    const shelving = this.#shelvingOf(step.id);
    if (shelving !== undefined) {
      this.#heldBack.shelved += 1;
      this.#hold(step, shelving);
      return [];
    }
    if (this.#flood === null && !rate.over(nowMs)) {
      this.#published = step;
      return [step];
    }
    this.#heldBack.flood += 1;
    const flood = this.#flood ?? this.#newFlood(step, nowMs);
    const isNew = this.#flood === null;
    this.#flood = flood;
    this.#hold(step, flood);
    flood.peak = Math.max(flood.peak, step.peak);
    return isNew ? [summary(flood, "raised", nowMs)] : [];
  }

  #follow(step: AlertStep, quiet: boolean): readonly AlertStep[] {
    if (this.#held?.id === step.id) {
      this.#held.by.last = step;
      if (this.#flood !== null) this.#flood.peak = Math.max(this.#flood.peak, step.peak);
      if (step.phase === "cleared") this.#held = null;
      return [];
    }
    this.#published = step.phase === "cleared" ? null : step;
    return quiet ? [] : [step];
  }

  #hold(step: AlertStep, by: Hold): void {
    by.count += 1;
    by.last = step;
    this.#held = { id: step.id, by };
  }

  #shelvingOf(id: string): Shelving | undefined {
    return this.#shelvings.get(id) ?? this.#shelvings.get(CAMERA);
  }

  #endOf(key: string, { count, last }: Shelving): readonly AlertStep[] {
    if (last !== null) {
      const standing = this.#release(last);
      const step: AlertStep = { ...last, phase: standing ? "raised" : "cleared", suppressed: count };
      if (standing) this.#published = step;
      return [step];
    }
    // An alert that was published before it was shelved, and has stood ever since, comes back into the lists.
    const step = this.#published;
    return step !== null && (key === CAMERA || step.id === key) ? [{ ...step, phase: "updated", suppressed: 0 }] : [];
  }

  #endOfFlood(flood: Flood, nowMs: number): readonly AlertStep[] {
    this.#flood = null;
    const last = flood.last!;
    const end = summary(flood, "cleared", nowMs);
    if (!this.#release(last)) return [end];
    const standing: AlertStep = { ...last, phase: "raised" };
    this.#published = standing;
    return [end, standing];
  }

  /** Holds the alert back no longer. @returns whether it still stands */
  #release({ id }: AlertStep): boolean {
    const standing = this.#held?.id === id;
    if (standing) this.#held = null;
    return standing;
  }

  #newFlood(step: AlertStep, nowMs: number): Flood {
    const newId = this.#options.newId ?? ((tsMs: number) => uuidv7({ msecs: tsMs }));
    const begun = { id: newId(step.tsMs), sinceMs: step.tsMs, fromMs: nowMs };
    return { ...begun, count: 0, last: null, peak: step.peak, reportedCount: 0, reportedAtMs: nowMs };
  }
}

function summary(flood: Flood, phase: AlertStep["phase"], nowMs: number): AlertStep {
  flood.reportedCount = flood.count;
  flood.reportedAtMs = nowMs;
  const { id, sinceMs, fromMs, peak, count } = flood;
  const elapsedMs = Math.max(0, Math.round(nowMs - fromMs));
  const { atPeak: _, ...last } = flood.last!;
  return {
    ...last,
    id,
    phase,
    tsMs: sinceMs + elapsedMs,
    durationMs: elapsedMs,
    peak,
    raises: 1,
    flood: { alerts: count },
  };
}
