/** Image AUROC of each design on each set, as SVG. */
import { escapeHtml } from "../escape.js";
import { mean } from "../judging/statistics.js";
import { OBJECTIVES } from "../network/objective.js";
import { type Design, designName, designText, networkText, teacherText } from "./design.js";
import type { DesignResult } from "./design-run.js";
import { grouped, picturesText } from "./markdown.js";

/** In the units of the drawing. */
const WIDTH = 900;
const LEFT = 60;
const TOP = 20;
const PLOT_HEIGHT = 300;
const LEGEND_ROW = 20;
const COLOURS = ["#1f6fb2", "#d1495b", "#2a9d5c", "#8d5fb5", "#c77c11", "#4b8b9b", "#7a5c3e", "#b23f91"];

/**
 * A column for each set, and in it one for each design: a hollow dot for the student alone, a filled one for it beside the memory, bars from the
 * least to the most seed. Across the design's column go its floors, their detectors alone: its mean map's, dashed, and its random teacher's, dotted.
 * @param designs those of the results that have a column
 */
export function designChart(results: readonly DesignResult[], designs: readonly Design[]): string {
  const sets = grouped(results, setText);
  const shown = results.flatMap(({ student, both }) => [student.figures.imageAuroc, both.figures.imageAuroc]);
  // To the next tenth below: the differences between designs are to be seen.
  const low = Math.floor(10 * shown.reduce((least, each) => Math.min(least, each), 0.99) - 0.01) / 10;
  const y = (value: number): number => TOP + (PLOT_HEIGHT * (1 - value)) / (1 - low);
  const width = (WIDTH - LEFT) / Math.max(1, sets.length);
  const columns = sets.flatMap((of, index) => {
    const from = LEFT + index * width;
    const name = text(from + width / 2, TOP + PLOT_HEIGHT + 20, escapeHtml(setText(of[0])), 'text-anchor="middle"');
    const step = width / (designs.length + 1);
    return [
      name,
      ...designs.map((design, at) => column(of, design, colourOf(at), { x: from + step * (at + 1), step, y })),
    ];
  });
  const legend = [
    ...designs.map((design, at) => `<tspan fill="${colourOf(at)}">●</tspan> ${legendText(design)}`),
    "hollow: alone; filled: with the memory; bars: from the least to the most of the seeds",
    "dashed: the same teacher's mean map instead of a student; dotted: the same design with a random teacher",
  ];
  const bottom = TOP + PLOT_HEIGHT + 48;
  const lines = legend.map((line, at) => text(LEFT, bottom + LEGEND_ROW * at, line));
  const height = bottom + LEGEND_ROW * legend.length;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="14"`;
  const ground = `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`;
  const inside = [ground, ...axis(low, y), ...columns, ...lines].join("");
  return `${head} role="img" aria-label="image AUROC by design and set">${inside}</svg>\n`;
}

interface Place {
  readonly x: number;
  /** From one design to the next. */
  readonly step: number;
  readonly y: (value: number) => number;
}

function column(of: readonly DesignResult[], design: Design, colour: string, { x, step, y }: Place): string {
  const aurocs = (which: "student" | "both", belongs: (each: Design) => boolean): readonly number[] =>
    of.filter((result) => belongs(result.design)).map((result) => result[which].figures.imageAuroc);
  const isOwn = (each: Design): boolean => designName(each) === designName(design);
  const { teacher } = design;
  const isNetwork = (each: Design): boolean =>
    networkText(each) === networkText(design) && each.objective === OBJECTIVES[0];
  const meanMap = aurocs("student", (each) => {
    return isNetwork(each) && each.learner === "mean" && teacherText(each) === teacherText(design);
  });
  const random = aurocs("student", ({ teacher: drawn, ...rest }) => {
    const isRandom = drawn.kind === "random" && drawn.width === teacher.width;
    return isNetwork({ teacher: drawn, ...rest }) && rest.learner === "student" && isRandom;
  });
  const reach = Math.min(step / 2 - 2, 30);
  const floor = (values: readonly number[], dashes: string): string =>
    values.length === 0
      ? ""
      : line(
          [x - reach, x + reach],
          [y(mean(values)), y(mean(values))],
          `stroke="${colour}" stroke-dasharray="${dashes}"`,
        );
  return [
    floor(meanMap, "6 4"),
    floor(random, "1.5 4"),
    dot(x - 6, aurocs("student", isOwn), y, colour, "#fff"),
    dot(x + 6, aurocs("both", isOwn), y, colour, colour),
  ].join("");
}

const colourOf = (at: number): string => COLOURS[at % COLOURS.length]!;
const setText = ({ run }: DesignResult): string => `${run.set}, ${picturesText(run)}`;
const legendText = (design: Design): string => escapeHtml(`${designText(design)}, ${teacherText(design)}`);

function axis(low: number, y: (value: number) => number): readonly string[] {
  return Array.from({ length: Math.round((1 - low) * 10) + 1 }, (_, step) => {
    const value = low + step / 10;
    const rule = line([LEFT, WIDTH], [y(value), y(value)], 'stroke="#222" opacity=".15"');
    return rule + text(LEFT - 8, y(value) + 5, value.toFixed(1), 'text-anchor="end"');
  });
}

/** A mean of values, and a bar over them all; nothing without any. */
function dot(x: number, values: readonly number[], y: Place["y"], colour: string, fill: string): string {
  if (values.length === 0) return "";
  const bar = line([x, x], [y(Math.min(...values)), y(Math.max(...values))], `stroke="${colour}"`);
  const at = `cx="${x.toFixed(1)}" cy="${y(mean(values)).toFixed(1)}"`;
  return `${bar}<circle ${at} r="4.5" fill="${fill}" stroke="${colour}" stroke-width="1.5"/>`;
}

type Ends = readonly [from: number, to: number];

function line([x1, x2]: Ends, [y1, y2]: Ends, style: string): string {
  const ends = { x1, x2, y1, y2 };
  const attributes = Object.entries(ends).map(([name, value]) => `${name}="${value.toFixed(1)}"`);
  return `<line ${attributes.join(" ")} ${style}/>`;
}

function text(x: number, y: number, content: string, style = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="#222" ${style}>${content}</text>`;
}
