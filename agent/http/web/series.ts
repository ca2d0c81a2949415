import type { ScoreHistory, ScorePoint } from "../../contract/live-events.js";

/** How far back the chart looks. */
export const WINDOW_S = 600;
/** A longer silence is a gap in the line. */
const GAP_S = 5;

/** A camera's highest score of each second, of the last minutes and no longer. */
export class ScoreSeries {
  /** Columns as uPlot takes them: seconds, highest scores, those of them above the threshold, thresholds. Null: nothing was judged. */
  readonly columns: [number[], (number | null)[], (number | null)[], (number | null)[]] = [[], [], [], []];

  fill(history: ScoreHistory): void {
    for (const column of this.columns) column.length = 0;
    history.atMs.forEach((atMs, index) => {
      this.#put(Math.floor(atMs / 1000), history.max[index] ?? 0, history.threshold[index] ?? 0);
    });
  }

  add({ atMs, max, threshold }: ScorePoint): void {
    this.#put(Math.floor(atMs / 1000), max, threshold);
  }

  #put(atS: number, max: number, threshold: number): void {
    const [at, highest, above, thresholds] = this.columns;
    this.#forgetAfter(atS + GAP_S);
    const newest = at.at(-1);
    if (newest !== undefined && atS <= newest) {
      const last = at.length - 1;
      const higher = Math.max(max, highest[last] ?? 0);
      highest[last] = higher;
      above[last] = higher > threshold ? higher : null;
      thresholds[last] = threshold;
      return;
    }
    if (newest !== undefined && atS - newest > GAP_S) this.#push(newest + 1, null, null, thresholds.at(-1) ?? null);
    this.#push(atS, max, max > threshold ? max : null, threshold);
    const first = at.findIndex((one) => one >= atS - WINDOW_S);
    // Some at a time: arrays need not be moved each second.
    if (first > 60) for (const column of this.columns) column.splice(0, first);
  }

  /** A clock was set back: what was seen of later times is not to stand at the end of the line until they come again. */
  #forgetAfter(latestS: number): void {
    const [at] = this.columns;
    if ((at.at(-1) ?? latestS) <= latestS) return;
    const kept = at.findLastIndex((one) => one <= latestS - GAP_S) + 1;
    for (const column of this.columns) column.length = kept;
  }

  #push(at: number, max: number | null, above: number | null, threshold: number | null): void {
    this.columns[0].push(at);
    this.columns[1].push(max);
    this.columns[2].push(above);
    this.columns[3].push(threshold);
  }
}
