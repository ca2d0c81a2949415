/** The ablation's results as Markdown: a row for each set and kind of training, over its seeds. */
import { mean } from "../judging/statistics.js";
import { type Run, SIZE } from "./plan.js";
import type { DetectorFigures, RunResult } from "./run.js";

/** Trainings that differ in their seeds alone. */
interface Row {
  readonly run: Run;
  readonly results: readonly RunResult[];
}

/** What the bundle's own threshold does, then how well the scores part good from bad. @param results in the order of the rows */
export function tables(results: readonly RunResult[]): string {
  const rows = rowsOf(results);
  return [
    "### At the bundle's own threshold",
    "",
    ...markdown(
      [
        ...["pictures", "set", "seeds", "defects found", "of what hindsight finds", "good rejected", "expected"],
        ...["rule of 0.1: found", "rejected", "odd pictures listed, planted among them"],
      ],
      rows.map(({ run, results: of }) => [
        ...[kindOf(run), run.set, seedsOf(of)],
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
      rows.flatMap(({ run, results: of }) =>
        DETECTORS.map(([name, figuresOf, secondsOf]) => [
          ...[kindOf(run), run.set, seedsOf(of), name],
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

function rowsOf(results: readonly RunResult[]): readonly Row[] {
  const rows = new Map<string, RunResult[]>();
  for (const result of results) {
    const key = `${kindOf(result.run)} ${result.run.set}`;
    rows.set(key, [...(rows.get(key) ?? []), result]);
  }
  return [...rows.values()].map((of) => ({ run: of[0]!.run, results: of }));
}

function kindOf({ pictures, planted, size }: Run): string {
  const which = pictures === null ? "all good ones" : `${pictures} good ones`;
  const strays = planted === 0 ? "" : `, ${(100 * planted).toFixed(0)} % defects planted`;
  return `${which}${strays}${size === SIZE ? "" : `, ${size} px`}`;
}

const seedsOf = (results: readonly RunResult[]): string => results.map(({ run }) => run.seed).join(", ");

function oddOf(results: readonly RunResult[]): string {
  return results
    .map(({ suspicious, suspiciousPlanted, planted }) => oddIn(suspicious, suspiciousPlanted, planted))
    .join("; ");
}

function oddIn(listed: number, strays: number, planted: number): string {
  return planted === 0 ? String(listed) : `${listed}, ${strays} of ${planted}`;
}

/** The mean over seeds, and the least and the most where there are several; a dash where a figure is missing. */
function figure(results: readonly RunResult[], of: (result: RunResult) => number | null, digits = 3): string {
  const values = results.map(of).filter((value) => value !== null);
  if (values.length === 0) return "-";
  const text = (value: number): string => value.toFixed(digits);
  if (values.length === 1) return text(values[0]!);
  return `${text(mean(values))} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
