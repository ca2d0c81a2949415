/** The HTML report: one file, no other hosts, opens from a USB stick on the shop floor. */
import { basename } from "node:path";
import { escapeHtml } from "../escape.js";
import { overlayHeat } from "../pictures/heatmap.js";
import { encodeJpeg, readRgb } from "../pictures/images.js";
import { GOOD_TYPE } from "./dataset.js";
import type { EvaluationResult, PixelFigures } from "./figures.js";
import type { ScoredImage } from "./score.js";
import { scoreChart } from "./score-chart.js";
import { atThresholdText, costRows, foundRows, hindsightText } from "./words.js";

/** Pictures shown of each group: those whose score is furthest from the truth come first, so these are the ones worth a look. */
const SHOWN_PER_GROUP = 24;
const THUMBNAIL_PX = 160;

const STYLE = `
:root{color-scheme:light dark;--line:#8884}
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .9rem;border-bottom:1px solid var(--line);text-align:right}
th:first-child,td:first-child{text-align:left}
.grid{display:flex;flex-wrap:wrap;gap:1rem}
figure{margin:0;padding:.5rem;border:1px solid var(--line);border-radius:6px}
figure img{width:${THUMBNAIL_PX}px;display:inline-block;vertical-align:top}
figcaption{font-size:13px;margin-top:.3rem}
.wrong{border-color:#d33;border-width:2px}
`;

/** @throws CodedError IMAGE_UNREADABLE when a picture vanished meanwhile */
export async function reportHtml(result: EvaluationResult, images: readonly ScoredImage[]): Promise<string> {
  const { model, image, atThreshold: own } = result;
  const types = [...Object.keys(result.types), GOOD_TYPE];
  const sections: string[] = [];
  for (const group of groupsOf(images, types, own.threshold)) sections.push(await groupHtml(group, own.threshold));
  const title = `${escapeHtml(model.name)} ${escapeHtml(model.version)}`;
  const marks = { own: own.threshold, bestF1: image.threshold };
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}: evaluation</title><style>${STYLE}</style></head><body>
<h1>${title}</h1>
<p>Model sha256 <code>${escapeHtml(model.sha256)}</code><br>Data <code>${escapeHtml(result.data)}</code>, ${image.count} pictures</p>
<p><strong>${escapeHtml(atThresholdText(result))}</strong><br>${escapeHtml(hindsightText(result))}</p>
${tableHtml(foundRows(result))}
${warningsHtml(result)}
<h2>Scores</h2>${scoreChart(images, types, marks)}
<h2>What other thresholds cost</h2>${tableHtml(costRows(result))}
${sections.join("\n")}
<h2>Figures of all thresholds</h2>
${tableHtml(metricRows(result))}
<p>Best F1 ${image.f1.toFixed(4)} at threshold ${image.threshold.toPrecision(4)}. It is hindsight, found with knowledge of the defects: a yardstick, not a setting.</p>
</body></html>
`;
}

/** Pictures that the report shows under one heading, the hardest first. */
interface Group {
  readonly heading: string;
  readonly images: readonly ScoredImage[];
}

/** What the bundle gets wrong first, then the rest by type. */
function groupsOf(images: readonly ScoredImage[], types: readonly string[], threshold: number): readonly Group[] {
  const hardest = (type: string, wrong: boolean): ScoredImage[] =>
    images
      .filter((image) => image.type === type && isWrong(image, threshold) === wrong)
      .sort((a, b) => (type === GOOD_TYPE ? b.score - a.score : a.score - b.score));
  const defects = types.filter((type) => type !== GOOD_TYPE);
  const wrong = [
    ...defects.map((type) => ({ heading: `Missed: ${type}`, images: hardest(type, true) })),
    { heading: "Good, but rejected", images: hardest(GOOD_TYPE, true) },
  ];
  const right = [
    ...defects.map((type) => ({ heading: `Found: ${type}`, images: hardest(type, false) })),
    { heading: "Good, and passed", images: hardest(GOOD_TYPE, false) },
  ];
  return [...wrong, ...right].filter((group) => group.images.length > 0);
}

function isWrong({ score, type }: ScoredImage, threshold: number): boolean {
  return score > threshold === (type === GOOD_TYPE);
}

async function groupHtml({ heading, images }: Group, threshold: number): Promise<string> {
  const shown = images.slice(0, SHOWN_PER_GROUP);
  const figures: string[] = [];
  for (const image of shown) figures.push(await figureHtml(image, threshold));
  const note = shown.length < images.length ? `, the ${shown.length} hardest shown` : "";
  return `<h2>${escapeHtml(heading)}</h2><p>${images.length} ${images.length === 1 ? "picture" : "pictures"}${note}</p><div class="grid">${figures.join("")}</div>`;
}

function metricRows({ types, image, pixel }: EvaluationResult): readonly (readonly string[])[] {
  const row = (name: string, imageAuroc: number, of: PixelFigures | null): readonly string[] => [
    name,
    ...[imageAuroc, of?.auroc, of?.aupro].map((value) => value?.toFixed(4) ?? "-"),
  ];
  return [
    ["type", "image AUROC", "pixel AUROC", "AUPRO (0.3)"],
    ...Object.entries(types).map(([name, type]) => row(name, type.image.auroc, type.pixel)),
    row("all", image.auroc, pixel),
  ];
}

/** @param rows the first one is the head */
function tableHtml([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (row: readonly string[], cell: "th" | "td"): string =>
    `<tr>${row.map((text) => `<${cell}>${escapeHtml(text)}</${cell}>`).join("")}</tr>`;
  return `<table>${line(head, "th")}${rows.map((row) => line(row, "td")).join("")}</table>`;
}

function warningsHtml({ warnings }: EvaluationResult): string {
  if (warnings.length === 0) return "";
  const items = warnings.map(({ path, reason }) => `<li><code>${escapeHtml(path)}</code>: ${escapeHtml(reason)}</li>`);
  return `<h2>Warnings</h2><ul>${items.join("")}</ul>`;
}

async function figureHtml(image: ScoredImage, threshold: number): Promise<string> {
  const { map, mask, width, height } = image.scored;
  const size = { width, height };
  const pixels = await readRgb(image.path, size);
  const thumbnail = async (rgb: Uint8Array, alt: string): Promise<string> => {
    const jpeg = await encodeJpeg(rgb, size, 80, THUMBNAIL_PX);
    return `<img alt="${alt}" src="data:image/jpeg;base64,${jpeg.toString("base64")}">`;
  };
  // One colour scale for all pictures, tied to the bundle's threshold: the same red means the same score everywhere.
  const heat = overlayHeat(pixels, map, 0.5 * threshold, 1.5 * threshold);
  const parts = [await thumbnail(pixels, "picture"), await thumbnail(heat, "anomaly map")];
  if (mask) {
    const white = Uint8Array.from({ length: mask.length * 3 }, (_, i) => 255 * mask[Math.floor(i / 3)]!);
    parts.push(await thumbnail(white, "true defect"));
  }
  const wrong = isWrong(image, threshold);
  const caption = `${escapeHtml(basename(image.path))}: ${image.score.toPrecision(4)}${wrong ? (image.type === GOOD_TYPE ? ", false alarm" : ", missed") : ""}`;
  return `<figure${wrong ? ' class="wrong"' : ""}>${parts.join(" ")}<figcaption>${caption}</figcaption></figure>`;
}
