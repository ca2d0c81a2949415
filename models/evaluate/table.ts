import type { EvaluationResult } from "./figures.js";
import { atThresholdText, costRows, foundRows, hindsightText } from "./words.js";

/**
 * An evaluation for a terminal: what the bundle's threshold does, what hindsight would find, what other thresholds cost, and the figures
 * that no threshold has a part in; ends without a line break.
 */
export function evaluationTable(result: EvaluationResult): string {
  const { image, pixel, types } = result;
  const defects = Object.values(types).reduce((sum, { image }) => sum + image.count, 0);
  const metrics = [
    ["type", "images", "image AUROC", "pixel AUROC", "AUPRO"],
    ...Object.entries(types).map(([name, type]) => [
      name,
      String(type.image.count),
      figure(type.image.auroc),
      figure(type.pixel?.auroc),
      figure(type.pixel?.aupro),
    ]),
    ["all", String(defects), figure(image.auroc), figure(pixel?.auroc), figure(pixel?.aupro)],
  ];
  return [
    atThresholdText(result),
    hindsightText(result),
    "",
    ...textTable(foundRows(result), { sum: true }),
    "",
    ...textTable(costRows(result), { sum: false }),
    "",
    ...textTable(metrics, { sum: true }),
    "",
    `each line against ${image.count - defects} good images; best F1 ${figure(image.f1)} at threshold ${image.threshold.toPrecision(4)}, by hindsight: not a setting`,
  ].join("\n");
}

/**
 * Lines of a table.
 * @param rows the first one is the head
 * @param options.sum whether the last row is the sum of the others, and set apart
 */
function textTable(rows: readonly (readonly string[])[], { sum }: { readonly sum: boolean }): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  const rule = "-".repeat(Math.max(...lines.map((line) => line.length)));
  const [head = "", ...rest] = lines;
  return sum ? [head, rule, ...rest.slice(0, -1), rule, ...rest.slice(-1)] : [head, rule, ...rest];
}

function figure(value: number | undefined): string {
  return value?.toFixed(4) ?? "-";
}
