import { createHash } from "node:crypto";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../errors.js";
import { encodeLossless } from "../../models/pictures/images.js";
import { inTurns } from "../kit/serial.js";
import type { Frame } from "../types.js";
import { type Archive, type Item, type Kept, onDisk } from "./archive.js";
import { isAlertId, namesIn } from "./store.js";

/** The raising frame; those before it are `before-1`, the last one, and so on. */
export const RAISED = "raised.webp";

/** Alerts whose frames are being packed at once, each with its frames in memory. */
const MAX_PACKING = 4;
/**
 * Packing rests this many times as long as it works, so that it takes a tenth of a core at most: libuv's pool, where it is
 * done, has the priority of the main thread, and eight frames of 1024 x 1024 take a core for a second.
 */
const REST = 9;
/** One that took long for another's sake, on a machine that stalls. */
const LONGEST_REST_MS = 1_000;

/**
 * The raw frames of alerts: `folder/<camera>/<alert id>/raised.webp` and the moments before it, lossless. They are what
 * `feedback` keeps for training.
 */
export interface RawFrames {
  /** Never rejects. @param frames oldest first, the raising one last; only read */
  keep(alertId: string, camera: string, frames: readonly Frame[]): Promise<Kept>;
  /** Resolves when every alert's frames are packed. */
  settled(): Promise<void>;
  /** The alert at hand is finished without rests, those behind it are not kept. Safe to call twice. */
  close(): Promise<void>;
}

export function diskRawFrames(folder: string, archive: Archive): RawFrames {
  const closing = new AbortController();
  let packing = 0;
  const inTurn = inTurns();
  const settled = (): Promise<void> => inTurn(() => undefined);

  async function pack(alertId: string, camera: string, frames: readonly Frame[]): Promise<Kept> {
    if (closing.signal.aborted) return { kept: false, reason: "stopped", message: "the agent is stopping" };
    const files: RawFile[] = [];
    for (const [index, { pixels, size }] of frames.entries()) {
      const before = frames.length - 1 - index;
      const name = before === 0 ? RAISED : `before-${before}.webp`;
      const startedAtMs = performance.now();
      files.push({ name, bytes: await encodeLossless(pixels, size) });
      await rest(Math.min(LONGEST_REST_MS, REST * (performance.now() - startedAtMs)), closing.signal);
    }
    const path = join(folder, cameraFolder(camera), alertId);
    const bytes = files.reduce((sum, file) => sum + onDisk(file.bytes.length), 0);
    return archive.put({ key: rawKey(alertId), id: alertId, path, bytes }, () => placeFolder(path, files));
  }

  return {
    keep(alertId, camera, frames) {
      if (packing >= MAX_PACKING) {
        return Promise.resolve({ kept: false, reason: "busy", message: `${MAX_PACKING} alerts' frames wait` });
      }
      packing += 1;
      // One after the other: packing takes a thread of libuv's pool, and the cameras need theirs.
      return inTurn(() => pack(alertId, camera, frames))
        .catch((error: unknown): Kept => ({ kept: false, reason: "disk", message: messageOf(error) }))
        .finally(() => {
          packing -= 1;
        });
    },
    settled,
    close: () => {
      closing.abort();
      return settled();
    },
  };
}

interface RawFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Puts a folder of these files at the path, in the place of the one that may be there: a reader finds all of them or none. */
async function placeFolder(path: string, files: readonly RawFile[]): Promise<void> {
  const draft = `${path}.draft`;
  try {
    await mkdir(draft, { mode: 0o700 });
    // Not flushed, unlike the pictures: eight more flushes would stand in the outbox's way. Empty ones are swept out.
    for (const { name, bytes } of files) await writeFile(join(draft, name), bytes, { mode: 0o600 });
    // A folder is not replaced by renaming another one.
    await rm(path, { recursive: true, force: true });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: Error) => {
    if (error.name !== "AbortError") throw error;
  });
}

export function rawKey(alertId: string): string {
  return `frames/${alertId}`;
}

/** What an earlier run left; drafts and what a power cut emptied are removed. */
export async function leftRawFrames(folder: string): Promise<Item[]> {
  const items: Item[] = [];
  for (const camera of await namesIn(folder)) {
    for (const id of await namesIn(join(folder, camera))) {
      const path = join(folder, camera, id);
      if (id.endsWith(".draft")) await rm(path, { recursive: true, force: true });
      if (!isAlertId(id)) continue;
      const bytes = await sweptBytes(path);
      if (bytes === null) await rm(path, { recursive: true, force: true });
      else items.push({ key: rawKey(id), id, path, bytes });
    }
  }
  return items;
}

/** Of a folder whose files without a byte are removed; null where the raising frame is not there. */
async function sweptBytes(folder: string): Promise<number | null> {
  let bytes = 0;
  let whole = false;
  for (const name of await namesIn(folder)) {
    const { size } = await stat(join(folder, name));
    if (size === 0) await rm(join(folder, name));
    else if (name === RAISED) whole = true;
    bytes += onDisk(size);
  }
  return whole ? bytes : null;
}

/** The camera's id where it can be a folder's name as it is; else as much of it as can, and a hash of all. */
export function cameraFolder(camera: string): string {
  if (/^[\w-][\w.-]{0,99}$/.test(camera)) return camera;
  const hash = createHash("sha256").update(camera).digest("hex").slice(0, 12);
  return `${camera.replace(/[^\w-]/g, "_").slice(0, 60)}-${hash}`;
}

/** The folder's name of the camera that an alert's raw frames belong to. */
export function cameraOf({ path }: Item): string {
  return basename(dirname(path));
}
