import type { AlertConfig } from "../../config/types.js";
import { AlertGate, type HeldBack } from "../scoring/alert-gate.js";
import { AlertLife } from "../scoring/alert-life.js";
import type { RaiseRate } from "../scoring/raise-rate.js";
import type { AlertStep } from "../types.js";

export interface CameraAlertsDeps {
  /** How often alerts are raised on the whole agent. */
  readonly rate: RaiseRate;
  readonly summaryEveryMs: number;
  readonly clock: { readonly monotonicMs: () => number; readonly wallMs: () => number };
  readonly send: (step: AlertStep) => void;
}

/** A camera's alerts, and what operators do with them. Outlives the camera's restarts. */
export class CameraAlerts {
  readonly life: AlertLife;
  readonly gate: AlertGate;
  readonly #deps: CameraAlertsDeps;

  constructor({ mergeWithinS }: AlertConfig, deps: CameraAlertsDeps) {
    this.life = new AlertLife({ mergeWithinMs: mergeWithinS * 1_000 });
    this.gate = new AlertGate({ rate: deps.rate, summaryEveryMs: deps.summaryEveryMs });
    this.#deps = deps;
  }

  /** False where no such alert is remembered. */
  acknowledge(id: string, by?: string): boolean {
    return this.#send(this.life.acknowledge(id, this.#deps.clock.wallMs(), by));
  }

  /**
   * Holds one alert back, or with null all of the camera's. False where no such alert is remembered.
   * The alert, or the one that stands, is reported `shelved`.
   */
  shelve(id: string | null, forMs: number, by?: string): boolean {
    const { clock } = this.#deps;
    const subject = id ?? this.life.standing?.id ?? null;
    const step = subject === null ? null : this.life.shelve(subject, clock.wallMs(), by);
    if (id !== null && step === null) return false;
    this.#send(step);
    this.gate.shelve(id, clock.monotonicMs() + forMs);
    return true;
  }

  /** Shelves the camera for so much longer, as before the agent started again. */
  restore(forMs: number): void {
    this.gate.shelve(null, this.#deps.clock.monotonicMs() + forMs);
  }

  /** False where nothing was shelved. */
  unshelve(id: string | null): boolean {
    const steps = this.gate.unshelve(id);
    for (const step of steps ?? []) this.#deps.send(step);
    return steps !== null;
  }

  /** Epoch milliseconds, null while the camera is not shelved. */
  get shelvedUntilMs(): number | null {
    const { clock } = this.#deps;
    const untilMs = this.gate.shelvedUntilMs;
    return untilMs === null ? null : Math.round(untilMs - clock.monotonicMs() + clock.wallMs());
  }

  get heldBack(): HeldBack {
    return this.gate.heldBack;
  }

  tick(): void {
    for (const step of this.gate.tick(this.#deps.clock.monotonicMs())) this.#deps.send(step);
  }

  end(): void {
    for (const step of this.gate.end(this.#deps.clock.monotonicMs())) this.#deps.send(step);
  }

  #send(step: AlertStep | null): boolean {
    if (step !== null) this.#deps.send(step);
    return step !== null;
  }
}
