import type { WaitingAlert, WaitingEvidence } from "./outbox.js";
import type { Kind } from "./tally.js";

type Waiting = WaitingAlert | WaitingEvidence;

/** What is on its way to the broker. */
export class Handed {
  readonly #seqs: Record<Kind, Set<number>> = { alerts: new Set(), evidence: new Set() };

  add({ kind, seq }: Waiting): void {
    this.#seqs[kind === "alert" ? "alerts" : "evidence"].add(seq);
  }

  /** False when it is not, or no longer, on its way. */
  delete({ kind, seq }: Waiting): boolean {
    return this.#seqs[kind === "alert" ? "alerts" : "evidence"].delete(seq);
  }

  clear(): void {
    this.#seqs.alerts.clear();
    this.#seqs.evidence.clear();
  }

  has(kind: Kind, seq: number): boolean {
    return this.#seqs[kind].has(seq);
  }

  get size(): number {
    return this.#seqs.alerts.size + this.#seqs.evidence.size;
  }
}
