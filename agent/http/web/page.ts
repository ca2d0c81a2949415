import type { Answer } from "./api.js";
import type { ScoreSeries } from "./series.js";
import type { Source } from "./source.js";

/** What every part of the page may use. */
export interface Page {
  readonly source: Source;
  readonly mayAct: boolean;
  /** Of a camera. */
  readonly seriesOf: (camera: string) => ScoreSeries;
  /** Gives a command; where it fails the page says so, by what it was called. */
  readonly run: <T>(label: string, command: string, args: object) => Promise<Answer<T>>;
}
