import type { EvaluationResult } from "./figures.js";

/** The figures as a table for a terminal, one line a defect type and one for all; ends without a line break. */
export function evaluationTable(result: EvaluationResult): string {
  const { image, pixel, types } = result;
  const defects = Object.values(types).reduce((sum, { image }) => sum + image.count, 0);
  const rows = [
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
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  const rule = "-".repeat(lines[0]?.length ?? 0);
  return [
    lines[0],
    rule,
    ...lines.slice(1, -1),
    rule,
    lines.at(-1),
    "",
    `best F1 ${figure(image.f1)} at threshold ${image.threshold.toPrecision(4)}; each line against ${image.count - defects} good images`,
  ].join("\n");
}

function figure(value: number | undefined): string {
  return value?.toFixed(4) ?? "-";
}
