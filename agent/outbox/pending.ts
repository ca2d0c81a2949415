import type { AlertStep } from "../types.js";
import type { Losses } from "./losses.js";
import type { AlertDetails } from "./outbox.js";
import type { Times } from "./records.js";

export interface Asked {
  readonly step: AlertStep;
  readonly details: AlertDetails;
  readonly times: Times;
  readonly settle: () => void;
}

/** Alerts that the disk has not answered for yet: few, unless it hangs. */
const ALERTS = 5_000;
const EVIDENCE_BYTES = 67_108_864;

/** Alerts that were asked to be kept and have no number yet: what is given up here leaves no gap. */
export class AskedQueue {
  #asked: Asked[] = [];
  #evidenceBytes = 0;

  get length(): number {
    return this.#asked.length;
  }

  get oldest(): Times | null {
    return this.#asked[0]?.times ?? null;
  }

  /** @returns what was given up for it */
  add(asked: Asked, losses: Losses): Asked | null {
    const { evidence } = asked.details;
    const fits = evidence === null || this.#evidenceBytes + evidence.jpeg.length <= EVIDENCE_BYTES;
    if (!fits) losses.count("evidence-memory");
    this.#evidenceBytes += fits ? (evidence?.jpeg.length ?? 0) : 0;
    this.#asked.push(fits ? asked : { ...asked, details: { ...asked.details, evidence: null } });
    if (this.#asked.length <= ALERTS) return null;
    const least = this.#asked.findIndex(({ step }) => step.phase === "updated");
    const [given] = this.#asked.splice(Math.max(0, least), 1);
    this.#evidenceBytes -= given!.details.evidence?.jpeg.length ?? 0;
    losses.count("alert-memory");
    given!.settle();
    return given!;
  }

  /** The next in order, no more than that many and not much more than that many bytes of evidence. */
  take(most: number, mostBytes: number): readonly Asked[] {
    let bytes = 0;
    let end = 0;
    while (end < Math.min(most, this.#asked.length) && bytes < mostBytes) {
      bytes += this.#asked[end]!.details.evidence?.jpeg.length ?? 0;
      end += 1;
    }
    this.#evidenceBytes -= bytes;
    return this.#asked.splice(0, end);
  }
}
