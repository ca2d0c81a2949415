/** The ablation's results as Markdown: a row for each set and kind of training, over its seeds. */
import { mean } from "../judging/statistics.js";
import type { DetectorFigures } from "./detector.js";
import { figure, grouped, markdown, picturesText, seedsText } from "./markdown.js";
import type { RunResult } from "./run.js";

/** What the bundle's own threshold does, then how well the scores part good from bad. @param results in the order of the rows */
export function tables(results: readonly RunResult[]): string {
  const rows = grouped(results, ({ run }) => `${picturesText(run)} ${run.set}`);
  return [
    "### At the bundle's own threshold",
    "",
    ...markdown(
      [
        ...["pictures", "set", "seeds", "defects found", "of what hindsight finds", "good rejected", "expected"],
        ...["rule of 0.1: found", "rejected", "odd pictures listed, planted among them"],
      ],
      rows.map((of) => [
        ...[picturesText(of[0].run), of[0].run.set, seedsText(of)],
        figure(of, ({ both }) => both.recall),
        figure(of, ({ both }) => (both.hindsight ? (both.recall ?? 0) / both.hindsight : null)),
        figure(of, ({ both }) => both.rejected),
        figure(of, ({ expected }) => expected),
        figure(of, ({ before }) => before.recall),
        figure(of, ({ before }) => before.rejected),
        oddOf(of),
      ]),
    ),
    "",
    "### Whatever the threshold",
    "",
    ...markdown(
      ["pictures", "set", "seeds", "detector", "image AUROC", "pixel AUROC", "AUPRO", "ready after"],
      rows.flatMap((of) =>
        DETECTORS.map(([name, figuresOf, secondsOf]) => [
          ...[picturesText(of[0].run), of[0].run.set, seedsText(of), name],
          figure(of, (result) => figuresOf(result).imageAuroc, 4),
          figure(of, (result) => figuresOf(result).pixelAuroc, 4),
          figure(of, (result) => figuresOf(result).aupro, 4),
          `${mean(of.map(secondsOf)).toFixed(0)} s`,
        ]),
      ),
    ),
    "",
  ].join("\n");
}

const DETECTORS: readonly [string, (result: RunResult) => DetectorFigures, (result: RunResult) => number][] = [
  ["student alone", ({ student }) => student, ({ seconds }) => seconds.both],
  ["memory alone", ({ memory }) => memory, ({ seconds }) => seconds.memory],
  ["both", ({ both }) => both, ({ seconds }) => seconds.both],
];

function oddOf(results: readonly RunResult[]): string {
  return results
    .map(({ suspicious, suspiciousPlanted, planted }) => oddIn(suspicious, suspiciousPlanted, planted))
    .join("; ");
}

function oddIn(listed: number, strays: number, planted: number): string {
  return planted === 0 ? String(listed) : `${listed}, ${strays} of ${planted}`;
}
