/** The phases of a start, in the order in which they end. */
export type StartPhase = "program" | "configuration" | "code" | "state" | "broker" | "model" | "picture" | "judged";

/** When the phases of a start ended, milliseconds since the process began. */
export class StartPhases {
  readonly #endedMs = new Map<StartPhase, number>();

  /** The first time counts. @param atMs by performance.now, which begins with the process */
  ended(phase: StartPhase, atMs = performance.now()): void {
    if (!this.#endedMs.has(phase)) this.#endedMs.set(phase, atMs);
  }

  /** `the first picture is judged 2.31 s after the start: program 0.20, ...`; phases may overlap, each is told by its end. */
  line(): string {
    const ends = [...this.#endedMs].sort((a, b) => a[1] - b[1]);
    const told = ends.map(([phase, ms]) => `${phase} ${seconds(ms)}`).join(", ");
    return `the first picture is judged ${seconds(ends.at(-1)?.[1] ?? 0)} s after the start: ${told}`;
  }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(2);
}
