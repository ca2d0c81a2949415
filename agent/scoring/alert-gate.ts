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

/** Why alerts are being held back, and what was held back so far. */
interface Hold {
  count: number;
  /** The latest word of the last alert held back. */
  last: AlertStep | null;
}

interface Shelf extends Hold {
  readonly untilMs: number;
}

interface Flood extends Hold {
  readonly id: string;
  readonly sinceMs: number;
  readonly fromMs: number;
  peak: number;
  toldCount: number;
  toldAtMs: number;
}

export interface HeldBack {
  readonly shelved: number;
  readonly flood: number;
}

const CAMERA = "*";

/**
 * Holds a camera's alerts back while they are shelved or too many, and loses none of the count (ISA-18.2, 11.7 and 16.5):
 * an alert held back is not told at all, one told before is told `cleared` whatever happens. The end of a shelving tells the
 * last alert held back as it stands, with `suppressed`, the number of them. A flood is an alert of its own, `raised` at once,
 * `updated` with the number so far, `cleared` at its end, after which an alert that still stands is raised.
 * Times are monotonic milliseconds.
 */
export class AlertGate {
  readonly #options: AlertGateOptions;
  readonly #shelves = new Map<string, Shelf>();
  #flood: Flood | null = null;
  /** The alert that is held back now. */
  #held: { readonly id: string; readonly by: Hold } | null = null;
  /** The alert that is told and stands. */
  #told: AlertStep | null = null;
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
    return this.#shelves.get(CAMERA)?.untilMs ?? null;
  }

  /** What may be told. */
  pass(step: AlertStep, nowMs: number): readonly AlertStep[] {
    switch (step.phase) {
      case "raised":
        return this.#raised(step, nowMs);
      case "updated":
        return this.#follow(step, this.#shelfOf(step.id) !== undefined);
      case "cleared":
        return this.#follow(step, false);
      default:
        return [step];
    }
  }

  /** @param id of one alert, null for all of the camera's. A second shelving takes the place of the first. */
  shelve(id: string | null, untilMs: number): void {
    const key = id ?? CAMERA;
    const { count, last } = this.#shelves.get(key) ?? { count: 0, last: null };
    const shelf: Shelf = { untilMs, count, last };
    const before = this.#shelves.get(key);
    if (before !== undefined && this.#held?.by === before) this.#held = { id: this.#held.id, by: shelf };
    this.#shelves.set(key, shelf);
  }

  /** Ends a shelving now. Null where there was none. */
  unshelve(id: string | null): readonly AlertStep[] | null {
    const key = id ?? CAMERA;
    const shelf = this.#shelves.get(key);
    if (shelf === undefined) return null;
    this.#shelves.delete(key);
    return this.#endOf(key, shelf);
  }

  /** Called about once a second: ends what is over, and tells of floods. */
  tick(nowMs: number): readonly AlertStep[] {
    const over = [...this.#shelves].filter(([, { untilMs }]) => nowMs >= untilMs);
    const steps = over.flatMap(([key, shelf]) => {
      this.#shelves.delete(key);
      return this.#endOf(key, shelf);
    });
    const flood = this.#flood;
    if (flood === null) return steps;
    if (this.#options.rate.subsided(nowMs)) return [...steps, ...this.#endOfFlood(flood, nowMs)];
    if (flood.count === flood.toldCount || nowMs - flood.toldAtMs < this.#options.summaryEveryMs) return steps;
    return [...steps, summary(flood, "updated", nowMs)];
  }

  /** Tells what was held back, before the agent stops: a shelving goes on after its restart, the count would not. */
  end(nowMs: number): readonly AlertStep[] {
    const steps = [...this.#shelves].flatMap(([key, shelf]) => (shelf.last === null ? [] : this.#endOf(key, shelf)));
    return this.#flood === null ? steps : [...steps, ...this.#endOfFlood(this.#flood, nowMs)];
  }

  #raised(step: AlertStep, nowMs: number): readonly AlertStep[] {
    const { rate } = this.#options;
    rate.raised(nowMs);
    const shelf = this.#shelfOf(step.id);
    if (shelf !== undefined) {
      this.#heldBack.shelved += 1;
      this.#hold(step, shelf);
      return [];
    }
    if (this.#flood === null && !rate.over(nowMs)) {
      this.#told = step;
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
    this.#told = step.phase === "cleared" ? null : step;
    return quiet ? [] : [step];
  }

  #hold(step: AlertStep, by: Hold): void {
    by.count += 1;
    by.last = step;
    this.#held = { id: step.id, by };
  }

  #shelfOf(id: string): Shelf | undefined {
    return this.#shelves.get(id) ?? this.#shelves.get(CAMERA);
  }

  #endOf(key: string, { count, last }: Shelf): readonly AlertStep[] {
    if (last !== null) {
      const standing = this.#release(last);
      const step: AlertStep = { ...last, phase: standing ? "raised" : "cleared", suppressed: count };
      if (standing) this.#told = step;
      return [step];
    }
    // It was told before it was shelved and has stood ever since: it stands in the list again.
    const told = this.#told;
    return told !== null && (key === CAMERA || told.id === key) ? [{ ...told, phase: "updated", suppressed: 0 }] : [];
  }

  #endOfFlood(flood: Flood, nowMs: number): readonly AlertStep[] {
    this.#flood = null;
    const last = flood.last!;
    const end = summary(flood, "cleared", nowMs);
    if (!this.#release(last)) return [end];
    const standing: AlertStep = { ...last, phase: "raised" };
    this.#told = standing;
    return [end, standing];
  }

  /** Whether the alert still stands; it is no longer held back. */
  #release({ id }: AlertStep): boolean {
    const standing = this.#held?.id === id;
    if (standing) this.#held = null;
    return standing;
  }

  #newFlood(step: AlertStep, nowMs: number): Flood {
    const newId = this.#options.newId ?? ((tsMs: number) => uuidv7({ msecs: tsMs }));
    const begun = { id: newId(step.tsMs), sinceMs: step.tsMs, fromMs: nowMs };
    return { ...begun, count: 0, last: null, peak: step.peak, toldCount: 0, toldAtMs: nowMs };
  }
}

function summary(flood: Flood, phase: AlertStep["phase"], nowMs: number): AlertStep {
  flood.toldCount = flood.count;
  flood.toldAtMs = nowMs;
  const { id, sinceMs, fromMs, peak, count } = flood;
  const elapsedMs = Math.max(0, Math.round(nowMs - fromMs));
  return {
    ...flood.last!,
    id,
    phase,
    tsMs: sinceMs + elapsedMs,
    durationMs: elapsedMs,
    peak,
    flood: { alerts: count },
  };
}
