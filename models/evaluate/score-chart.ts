import { escapeHtml } from "../escape.js";
import { GOOD_TYPE } from "./dataset.js";
import type { ScoredImage } from "./score.js";

/** In the units of the drawing, which scales to the page. */
const WIDTH = 900;
const LEFT = 140;
const ROW_HEIGHT = 28;

/** Every picture's score as a dot, a row a type, as SVG; the dashed line is the threshold. */
export function scoreChart(images: readonly ScoredImage[], types: readonly string[], threshold: number): string {
  const scores = images.map(({ score }) => score);
  const low = Math.min(threshold, ...scores);
  const high = Math.max(threshold, ...scores);
  const xOf = (score: number): string => (LEFT + ((score - low) / (high - low || 1)) * (WIDTH - LEFT - 20)).toFixed(1);
  const rows = types.map((type, row) => {
    const y = ROW_HEIGHT * (row + 0.5);
    const colour = type === GOOD_TYPE ? "#2a9d5c" : "#d1495b";
    const dots = images
      .filter((image) => image.type === type)
      .map(({ score }) => `<circle cx="${xOf(score)}" cy="${y}" r="4" fill="${colour}" fill-opacity=".55"/>`);
    return `<text x="0" y="${y + 5}" fill="currentColor">${escapeHtml(type)}</text>${dots.join("")}`;
  });
  const height = ROW_HEIGHT * types.length;
  const line = `<line x1="${xOf(threshold)}" x2="${xOf(threshold)}" y1="0" y2="${height}" stroke="currentColor" stroke-dasharray="4 4"/>`;
  return `<svg viewBox="0 0 ${WIDTH} ${height}" width="100%" role="img" aria-label="scores by type">${rows.join("")}${line}</svg>`;
}
