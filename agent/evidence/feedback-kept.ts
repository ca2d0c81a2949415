import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { CameraFeedback, FeedbackKept, JudgedFrame } from "../contract/learning.js";
import { recordOf, verdicts } from "./feedback.js";
import { cameraFolder } from "./raw-frames.js";
import { isAlertId, namesIn } from "./store.js";

const MOST_LATEST = 24;
/** Files that are looked at for their age; of more, those beyond are counted alone. */
const MOST_LOOKED_AT = 2_000;

/**
 * What is in the folder of frames that people have judged.
 * @param cameras their ids: folders may have other names @throws what the file system does
 */
export async function feedbackKept(folder: string, cameras: readonly string[]): Promise<FeedbackKept> {
  const idOf = new Map(cameras.map((id) => [cameraFolder(id), id]));
  const counted = new Map<string, { defect: number; not_a_defect: number }>();
  const found: Found[] = [];
  for (const verdict of verdicts) {
    for (const name of await namesIn(join(folder, verdict))) {
      const files = await namesIn(join(folder, verdict, name)).catch(noFolder);
      const ids = files.flatMap((file) => (file.endsWith(".webp") ? [file.slice(0, -".webp".length)] : []));
      const counts = counted.get(name) ?? { defect: 0, not_a_defect: 0 };
      counts[verdict] = ids.length;
      counted.set(name, counts);
      for (const id of ids.filter(isAlertId)) {
        if (found.length === MOST_LOOKED_AT) break;
        const path = join(folder, verdict, name, `${id}.webp`);
        const info = await stat(path).catch(() => null);
        if (info !== null) found.push({ id, camera: idOf.get(name) ?? name, verdict, path, atMs: info.mtimeMs });
      }
    }
  }
  found.sort((a, b) => b.atMs - a.atMs);
  const kept = [...counted].map(
    ([name, counts]): CameraFeedback => ({
      camera: idOf.get(name) ?? name,
      folder: name,
      counts,
    }),
  );
  return {
    folder: resolve(folder),
    cameras: kept.filter(({ counts }) => counts.defect + counts.not_a_defect > 0),
    latest: await Promise.all(found.slice(0, MOST_LATEST).map(described)),
  };
}

interface Found extends Omit<JudgedFrame, "ts"> {
  readonly path: string;
  readonly atMs: number;
}

async function described({ id, camera, verdict, path }: Found): Promise<JudgedFrame> {
  return { id, camera, verdict, ts: await capturedAt(recordOf(path)) };
}

/** Null where the record cannot be read, or there is none, as before version 0.2. */
async function capturedAt(record: string): Promise<string | null> {
  try {
    const { ts }: { ts?: unknown } = JSON.parse(await readFile(record, "utf8"));
    return typeof ts === "string" && !Number.isNaN(Date.parse(ts)) ? new Date(ts).toISOString() : null;
  } catch {
    return null;
  }
}

/** A file that somebody put there. */
function noFolder(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOTDIR") return [];
  throw error;
}
