/** What a bundle says of each picture of a test set. */
import type { TestImage } from "./dataset.js";
import type { ScoredSet } from "./score.js";

export type KnownVerdict = "ok" | "ng";
/** `unknown`: the picture could not be judged. */
export type PictureVerdict = KnownVerdict | "unknown";

export interface PictureScore {
  readonly path: string;
  /** The truth: the defect's type, or "good". */
  readonly type: string;
  /** Null where the picture could not be judged. */
  readonly score: number | null;
  readonly verdict: PictureVerdict;
}

/** A score's verdict. Strictly above the threshold is bad, as for the agent. */
export function verdictOf(score: number, threshold: number): KnownVerdict {
  return score > threshold ? "ng" : "ok";
}

/** Every picture of a test set, those that could not be read too, by type and path. */
export function pictureScores(
  { images, unreadable }: Pick<ScoredSet, "images" | "unreadable">,
  threshold: number,
): readonly PictureScore[] {
  const judged = images.map(({ path, type, score }): PictureScore => {
    return { path, type, score, verdict: verdictOf(score, threshold) };
  });
  const unknown = unreadable.map(({ path, type }: TestImage): PictureScore => {
    return { path, type, score: null, verdict: "unknown" };
  });
  return [...judged, ...unknown].sort((a, b) => compare(a.type, b.type) || compare(a.path, b.path));
}

/** As CSV after RFC 4180 but for its line ends, which are those of Unix; with a header. */
export function scoresCsv(pictures: readonly PictureScore[]): string {
  const rows = pictures.map(({ path, type, score, verdict }) => [path, type, String(score ?? ""), verdict]);
  return [["path", "type", "score", "verdict"], ...rows].map((row) => `${row.map(csvCell).join(",")}\n`).join("");
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
