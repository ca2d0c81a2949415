/** What the ablation's tables have in common. */
import { mean } from "../judging/statistics.js";
import { type Run, SIZE } from "./plan.js";

/** Results that belong to one row, in the order of the rows. */
export function grouped<T>(results: readonly T[], keyOf: (result: T) => string): readonly (readonly [T, ...T[]])[] {
  const rows = new Map<string, [T, ...T[]]>();
  for (const result of results) {
    const row = rows.get(keyOf(result));
    if (row === undefined) rows.set(keyOf(result), [result]);
    else row.push(result);
  }
  return [...rows.values()];
}

/** The pictures of a run, in words. */
export function picturesText({ pictures, planted, size }: Run): string {
  const which = pictures === null ? "all good ones" : `${pictures} good ones`;
  const strays = planted === 0 ? "" : `, ${(100 * planted).toFixed(0)} % defects planted`;
  return `${which}${strays}${size === SIZE ? "" : `, ${size} px`}`;
}

export const seedsText = (results: readonly { readonly run: Run }[]): string =>
  results.map(({ run }) => run.seed).join(", ");

/** The mean over seeds, and the least and the most where there are several; a dash where a figure is missing. */
export function figure<T>(results: readonly T[], of: (result: T) => number | null, digits = 3): string {
  const values = results.map(of).filter((value) => value !== null);
  if (values.length === 0) return "-";
  const text = (value: number): string => value.toFixed(digits);
  if (values.length === 1) return text(values[0]!);
  return `${text(mean(values))} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
}

/** A table's lines. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
