import { escapeHtml } from "../escape.js";
import { GOOD_TYPE } from "./dataset.js";
import type { ScoredImage } from "./score.js";

/** In the units of the drawing, which scales to the page. */
const WIDTH = 900;
const LEFT = 140;
const ROW_HEIGHT = 28;
/** Above the rows for the name of the bundle's threshold, and below them for that of the best F1's. */
const CAPTION_HEIGHT = 24;

/** Thresholds that the chart marks. */
export interface ThresholdMarks {
  /** The bundle's. */
  readonly own: number;
  readonly bestF1: number;
}

/** How far down a mark goes, and where its name stands. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly textY: number;
}

/** Every picture's score as a dot, a row a type, as SVG; a line at the bundle's threshold, and a fainter one at that of the best F1. */
export function scoreChart(images: readonly ScoredImage[], types: readonly string[], marks: ThresholdMarks): string {
  const values = [marks.own, marks.bestF1, ...images.map(({ score }) => score)];
  const low = values.reduce((least, value) => Math.min(least, value));
  const high = values.reduce((most, value) => Math.max(most, value));
  const xOf = (score: number): number => LEFT + ((score - low) / (high - low || 1)) * (WIDTH - LEFT - 20);
  const rows = types.map((type, row) => {
    const y = CAPTION_HEIGHT + ROW_HEIGHT * (row + 0.5);
    const colour = type === GOOD_TYPE ? "#2a9d5c" : "#d1495b";
    const dots = images
      .filter((image) => image.type === type)
      .map(
        ({ score }) => `<circle cx="${xOf(score).toFixed(1)}" cy="${y}" r="4" fill="${colour}" fill-opacity=".55"/>`,
      );
    return `<text x="0" y="${y + 5}" fill="currentColor">${escapeHtml(type)}</text>${dots.join("")}`;
  });
  const bottom = CAPTION_HEIGHT + ROW_HEIGHT * types.length;
  const height = bottom + CAPTION_HEIGHT;
  const mark = (threshold: number, name: string, { from, to, textY }: Span, style: string): string => {
    const x = xOf(threshold);
    // The name lies on the side that has room for it.
    const [anchor, textX] = x > (LEFT + WIDTH) / 2 ? ["end", x - 6] : ["start", x + 6];
    return (
      `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${from}" y2="${to}" stroke="currentColor" ${style}/>` +
      `<text x="${textX.toFixed(1)}" y="${textY}" text-anchor="${anchor}" font-size="13" fill="currentColor" ${style}>${name}</text>`
    );
  };
  const lines = [
    mark(
      marks.bestF1,
      "best F1 (hindsight)",
      { from: CAPTION_HEIGHT, to: height, textY: height - 8 },
      'opacity=".4" stroke-dasharray="2 5"',
    ),
    mark(marks.own, `the bundle's threshold ${marks.own.toPrecision(4)}`, { from: 0, to: bottom, textY: 16 }, ""),
  ];
  return `<svg viewBox="0 0 ${WIDTH} ${height}" width="100%" role="img" aria-label="scores by type">${rows.join("")}${lines.join("")}</svg>`;
}
