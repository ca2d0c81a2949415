/** The contact sheet of the good pictures that look wrong: one HTML file that needs nothing beside it. */
import { escapeHtml } from "../escape.js";
import { overlayHeat } from "../pictures/heatmap.js";
import { encodeJpeg, type Size } from "../pictures/images.js";
import { writeReport } from "../writable.js";

export interface ContactSheet {
  /** The bundle's name. */
  readonly name: string;
  readonly threshold: number;
  /** Good pictures in all. */
  readonly images: number;
  readonly size: Size;
  /** Those that look wrong, the oddest first. */
  readonly odd: readonly SheetPicture[];
  /** The oddest of the others. */
  readonly rest: readonly SheetPicture[];
}

interface SheetPicture {
  readonly path: string;
  readonly reason: string;
  /** uint8 [height, width, 3] */
  readonly pixels: Uint8Array;
  /** The model's anomaly map, float32 [height, width]. */
  readonly map: Float32Array;
}

const THUMBNAIL_PX = 224;
const STYLE = `
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem}
.grid{display:flex;flex-wrap:wrap;gap:1rem}
figure{margin:0;padding:.5rem;border:1px solid #8884;border-radius:6px;max-width:${2 * THUMBNAIL_PX + 8}px}
img{width:${THUMBNAIL_PX}px;vertical-align:top;margin-right:2px}
figcaption{font-size:13px;margin-top:.3rem;overflow-wrap:anywhere}
`;

/** @throws CodedError REPORT_UNWRITABLE */
export async function writeContactSheet(path: string, sheet: ContactSheet): Promise<void> {
  await writeReport(path, await sheetHtml(sheet));
}

async function sheetHtml({ name, threshold, images, size, odd, rest }: ContactSheet): Promise<string> {
  const title = `${escapeHtml(name)}: good pictures that look wrong`;
  const found =
    odd.length === 0
      ? `None of the ${images} pictures stands out.`
      : `${odd.length} of ${images} pictures, the oddest first. They did not set the threshold. Remove those that show no good part and train again, or train with --suspicious exclude.`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style></head><body>
<h1>${title}</h1>
<p>${found}</p>
${await grid(odd, size, threshold)}
<h2>The oddest of the others</h2>
<p>They count as good, and did set the threshold. Where good parts differ much from each other a defect may be among these: look.</p>
${await grid(rest, size, threshold)}
</body></html>
`;
}

async function grid(pictures: readonly SheetPicture[], size: Size, threshold: number): Promise<string> {
  const figures: string[] = [];
  for (const { path, reason, pixels, map } of pictures) {
    const heat = overlayHeat(pixels, map, 0.5 * threshold, 1.5 * threshold);
    const shown = [await thumbnail(pixels, size, "picture"), await thumbnail(heat, size, "map")].join("");
    const caption = `<code>${escapeHtml(path)}</code><br>${escapeHtml(reason)}`;
    figures.push(`<figure>${shown}<figcaption>${caption}</figcaption></figure>`);
  }
  return `<div class="grid">${figures.join("\n")}</div>`;
}

async function thumbnail(rgb: Uint8Array, size: Size, alt: string): Promise<string> {
  const jpeg = await encodeJpeg(rgb, size, 85, THUMBNAIL_PX);
  return `<img alt="${alt}" src="data:image/jpeg;base64,${jpeg.toString("base64")}">`;
}
