import { writeFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import sharp from "sharp";

/** What a page shows, as it is drawn. */
export interface Recording {
  /** Ends the recording; writes its last so many milliseconds as a WebP that moves, for ever. */
  save(path: string, options: { readonly lengthMs: number; readonly width: number }): Promise<void>;
}

interface Shot {
  readonly atMs: number;
  readonly png: Buffer;
}

/** Between two pictures: more would make the file larger than a page of text may wait for. */
const LEAST_MS = 200;
/** The last picture stands so long before it begins anew. */
const LAST_MS = 2_500;
/** What is kept of a page that waits for long. */
const MOST_SHOTS = 300;

export async function recordPage(page: Page): Promise<Recording> {
  const shots: Shot[] = [];
  const session = await page.context().newCDPSession(page);
  session.on("Page.screencastFrame", ({ data, metadata, sessionId }) => {
    const atMs = 1_000 * (metadata.timestamp ?? 0);
    if (atMs - (shots.at(-1)?.atMs ?? 0) >= LEAST_MS) shots.push({ atMs, png: Buffer.from(data, "base64") });
    if (shots.length > MOST_SHOTS) shots.shift();
    void session.send("Page.screencastFrameAck", { sessionId });
  });
  await session.send("Page.startScreencast", { format: "png" });
  return {
    async save(path, { lengthMs, width }) {
      await session.send("Page.stopScreencast");
      const endMs = shots.at(-1)?.atMs ?? 0;
      const shown = shots.filter(({ atMs }) => atMs >= endMs - lengthMs);
      const delay = shown.map(({ atMs }, index) => Math.round((shown[index + 1]?.atMs ?? atMs + LAST_MS) - atMs));
      const pictures = await Promise.all(shown.map(({ png }) => sharp(png).resize({ width }).png().toBuffer()));
      await writeFile(
        path,
        await sharp(pictures, { join: { animated: true } })
          .webp({ delay, loop: 0, quality: 70 })
          .toBuffer(),
      );
    },
  };
}
