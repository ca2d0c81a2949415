/** The HTML report: one file, no other hosts, opens from a USB stick on the shop floor. */
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { CodedError, messageOf } from "../../errors.js";
import { escapeHtml } from "../escape.js";
import { overlayHeat } from "../pictures/heatmap.js";
import { encodeJpeg, readRgb } from "../pictures/images.js";
import { tryFile } from "../writable.js";
import { GOOD_TYPE } from "./dataset.js";
import type { EvaluationResult, PixelFigures } from "./figures.js";
import type { ScoredImage } from "./score.js";
import { scoreChart } from "./score-chart.js";

/** Pictures shown of each type: those the model got most wrong come first, so these are the ones worth a look. */
const SHOWN_PER_TYPE = 24;
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

/** Tries the report's path before anything is computed. @throws CodedError REPORT_UNWRITABLE */
export async function requireReportPath(path: string): Promise<void> {
  await writing(path, () => tryFile(path));
}

/** @throws CodedError REPORT_UNWRITABLE; IMAGE_UNREADABLE when a picture vanished meanwhile */
export async function writeReport(
  path: string,
  result: EvaluationResult,
  images: readonly ScoredImage[],
): Promise<void> {
  const html = await reportHtml(result, images);
  await writing(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, html);
  });
}

async function writing(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new CodedError("REPORT_UNWRITABLE", `cannot write the report: ${messageOf(cause)}`, { at: path, cause });
  }
}

async function reportHtml(result: EvaluationResult, images: readonly ScoredImage[]): Promise<string> {
  const types = [...Object.keys(result.types), GOOD_TYPE];
  const sections: string[] = [];
  for (const type of types) {
    const ofType = images.filter((image) => image.type === type);
    // Defects: lowest score first; good parts: highest first.
    const worstFirst = ofType.sort((a, b) => (type === GOOD_TYPE ? b.score - a.score : a.score - b.score));
    const shown = worstFirst.slice(0, SHOWN_PER_TYPE);
    const figures: string[] = [];
    for (const image of shown) figures.push(await figureHtml(image, result));
    const note = shown.length < ofType.length ? `, the ${shown.length} hardest of ${ofType.length} shown` : "";
    sections.push(
      `<h2>${escapeHtml(type)}</h2><p>${ofType.length} pictures${note}</p><div class="grid">${figures.join("")}</div>`,
    );
  }
  const { model, image } = result;
  const title = `${escapeHtml(model.name)} ${escapeHtml(model.version)}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}: evaluation</title><style>${STYLE}</style></head><body>
<h1>${title}</h1>
<p>Model sha256 <code>${escapeHtml(model.sha256)}</code><br>Data <code>${escapeHtml(result.data)}</code>, ${image.count} pictures</p>
${tableHtml(result)}
${warningsHtml(result)}
<p>Best F1 ${image.f1.toFixed(4)} at threshold ${image.threshold.toPrecision(4)}. It is found with knowledge of the defects: a yardstick, not a setting.</p>
<h2>Scores</h2>${scoreChart(images, types, image.threshold)}
${sections.join("\n")}
</body></html>
`;
}

function tableHtml({ types, image, pixel }: EvaluationResult): string {
  const row = (name: string, imageAuroc: number, pixel: PixelFigures | null): string => {
    const cells = [imageAuroc, pixel?.auroc, pixel?.aupro].map((value) => `<td>${value?.toFixed(4) ?? "-"}</td>`);
    return `<tr><td>${escapeHtml(name)}</td>${cells.join("")}</tr>`;
  };
  const rows = Object.entries(types).map(([name, type]) => row(name, type.image.auroc, type.pixel));
  return `<table><tr><th>type</th><th>image AUROC</th><th>pixel AUROC</th><th>AUPRO (0.3)</th></tr>${rows.join("")}${row("all", image.auroc, pixel)}</table>`;
}

function warningsHtml({ warnings }: EvaluationResult): string {
  if (warnings.length === 0) return "";
  const items = warnings.map(({ path, reason }) => `<li><code>${escapeHtml(path)}</code>: ${escapeHtml(reason)}</li>`);
  return `<h2>Warnings</h2><ul>${items.join("")}</ul>`;
}

async function figureHtml(image: ScoredImage, { image: { threshold } }: EvaluationResult): Promise<string> {
  const { map, mask, width, height } = image.scored;
  const size = { width, height };
  const pixels = await readRgb(image.path, size);
  const thumbnail = async (rgb: Uint8Array, alt: string): Promise<string> => {
    const jpeg = await encodeJpeg(rgb, size, 80, THUMBNAIL_PX);
    return `<img alt="${alt}" src="data:image/jpeg;base64,${jpeg.toString("base64")}">`;
  };
  // One colour scale for all pictures, tied to the threshold: the same red means the same score everywhere.
  const heat = overlayHeat(pixels, map, 0.5 * threshold, 1.5 * threshold);
  const parts = [await thumbnail(pixels, "picture"), await thumbnail(heat, "anomaly map")];
  if (mask) {
    const white = Uint8Array.from({ length: mask.length * 3 }, (_, i) => 255 * mask[Math.floor(i / 3)]!);
    parts.push(await thumbnail(white, "true defect"));
  }
  const wrong = image.score > threshold === (image.type === GOOD_TYPE);
  const caption = `${escapeHtml(basename(image.path))}: ${image.score.toPrecision(4)}${wrong ? (image.type === GOOD_TYPE ? ", false alarm" : ", missed") : ""}`;
  return `<figure${wrong ? ' class="wrong"' : ""}>${parts.join(" ")}<figcaption>${caption}</figcaption></figure>`;
}
