import type { WaitingVerdict } from "../contract/alert-queue.js";
import type { PartVerdict } from "../types.js";
import type { Losses } from "./losses.js";
import type { KeptVerdict } from "./outbox.js";
import type { Filed, NumberedVerdict, Times } from "./records.js";

/** A verdict that is to be kept and has no number yet. */
export interface PendingVerdict {
  readonly part: PartVerdict;
  readonly isPictured: boolean;
  readonly times: Times;
  /** Called when the verdict may be sent, with null when it is given up. */
  readonly settle: (kept: KeptVerdict | null) => void;
}

/** As many as 50 parts a second make in more than three minutes. */
const MOST = 10_000;

/**
 * The verdicts that are in memory alone: those that wait for their numbers, and those that have them, may be sent, and are not on disk, as it
 * takes nothing. The oldest are given up first; what is given up before it has a number leaves no gap.
 */
export class PendingVerdicts {
  readonly #losses: Losses;
  readonly #unnumbered: PendingVerdict[] = [];
  /** By place, all behind those on disk. */
  #undurable: readonly NumberedVerdict[] = [];

  constructor(losses: Losses) {
    this.#losses = losses;
  }

  get count(): number {
    return this.#unnumbered.length + this.#undurable.length;
  }

  get hasUnnumbered(): boolean {
    return this.#unnumbered.length > 0;
  }

  get undurable(): readonly NumberedVerdict[] {
    return this.#undurable;
  }

  add(verdict: PendingVerdict): void {
    this.#unnumbered.push(verdict);
    if (this.#unnumbered.length <= MOST) return;
    this.#losses.count("verdict-memory");
    this.#unnumbered.shift()?.settle(null);
  }

  /** Takes the next that have no number, so many at most. */
  take(most: number): readonly PendingVerdict[] {
    return this.#unnumbered.splice(0, most);
  }

  /** Holds verdicts that the disk did not take, in place of those before. @returns what is held: the rest is given up */
  hold(verdicts: readonly NumberedVerdict[]): readonly NumberedVerdict[] {
    const dropped = verdicts.slice(0, Math.max(0, verdicts.length - MOST));
    this.#losses.add(
      dropped.map(({ payload: { camera, seq } }) => ({ seq, camera, reason: "verdict-memory" as const })),
    );
    this.#undurable = verdicts.slice(dropped.length);
    return this.#undurable;
  }

  /** Forgets verdicts that the broker has. @returns those of them that were held here, and so have no records to remove */
  forget(arrived: readonly Filed[]): readonly Filed[] {
    if (this.#undurable.length === 0) return [];
    const held = new Set(this.#undurable.map(({ seq }) => seq));
    const gone = arrived.filter(({ kind, seq }) => kind === "verdict" && held.has(seq));
    const places = new Set(gone.map(({ seq }) => seq));
    this.#undurable = this.#undurable.filter(({ seq }) => !places.has(seq));
    return gone;
  }

  /** The verdicts of a range of places, both ends included, that are not on disk. */
  waiting(from: number, upTo: number): readonly WaitingVerdict[] {
    return this.#undurable
      .filter(({ seq }) => from <= seq && seq <= upTo)
      .map(({ seq, payload, record }) => ({ kind: "verdict", seq, payload, bytes: record.length }));
  }
}
