import type { Value } from "./payload.js";

/** What was found at one moment, by the names of metrics. */
export interface Finding {
  readonly atMs: number;
  readonly values: Readonly<Record<string, Value>>;
}

/** A camera's verdicts and alerts that wait for the broker, for the host, or for its device to be born. In memory alone, and bounded. */
export class Waiting {
  readonly #most: number;
  #findings: Finding[] = [];
  #givenUp = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#findings.length;
  }

  /** Since the start. */
  get givenUp(): number {
    return this.#givenUp;
  }

  /** When full, the oldest goes. */
  add(finding: Finding): void {
    this.#findings.push(finding);
    this.#bound();
  }

  /** The oldest, removed. */
  take(most: number): readonly Finding[] {
    return this.#findings.splice(0, most);
  }

  /** Puts back what was taken and could not be said, in front. */
  putBack(findings: readonly Finding[]): void {
    this.#findings = [...findings, ...this.#findings];
    this.#bound();
  }

  #bound(): void {
    const excess = Math.max(0, this.#findings.length - this.#most);
    this.#findings.splice(0, excess);
    this.#givenUp += excess;
  }
}
