import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../errors.js";
import { encodeLossless } from "../../models/pictures/images.js";
import { inTurns } from "../kit/serial.js";
import { type Resolution, type Sharpest, sharpest } from "../kit/sharpest.js";
import type { Frame, Size } from "../types.js";
import { type Archive, type Item, type Kept, onDisk } from "./archive.js";
import { isAlertId, namesIn } from "./store.js";

/** The raising frame; those before it are `before-1`, the last one, and so on. */
export const RAISED = "raised.webp";
/** What RAISED is; see RawRecord. */
export const RECORD = "raised.json";

/** A raw frame's record: which frame of which camera it is, and in whose pixels. */
export interface RawRecord extends Size {
  readonly v: 1;
  readonly camera: string;
  readonly frame: number;
  /** Of its capture. */
  readonly ts: string;
  /** `model`: only what the model was shown, as the camera's own picture of this frame was gone. */
  readonly size: Resolution;
}

/** Alerts and parts whose frames are held or being packed at once, each with its frames in memory. */
const MAX_PACKING = 4;
/** A part finds room among so many: alerts outrank parts, and a bad part that raises one is kept with it. */
const MAX_BEFORE_PART = 2;
/**
 * Packing rests this many times as long as it works, so that it takes a tenth of a core at most: libuv's pool, where it is
 * done, has the priority of the main thread, and eight frames of 1024 x 1024 take a core for a second.
 */
const REST = 9;
/** One that took long for another's sake, on a machine that stalls. */
const LONGEST_REST_MS = 1_000;

/** What became of frames that were to be kept; in whose pixels the raising one is. */
export type KeptFrames = Exclude<Kept, { kept: true }> | { readonly kept: true; readonly size: Resolution };

/** Frames that may be kept. One of the two is to be called. */
export interface HeldFrames {
  /** Never rejects. @param id of the alert, or a part's name in the form of one */
  keep(id: string): Promise<KeptFrames>;
  drop(): void;
}

/**
 * The raw frames of alerts and bad parts: `folder/<camera>/<alert id>/raised.webp`, in the camera's own pixels, and the moments before it,
 * in the model's, lossless. They are what `feedback` keeps for training.
 */
export interface RawFrames {
  /**
   * Takes frames that may be kept, in the turn in which the raising one is judged: what the camera saw of it is soon gone.
   * @param before of the same camera, oldest first; frames are only read
   */
  hold(what: "alert" | "part", before: readonly Frame[], raising: Frame): HeldFrames;
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

  async function packed(name: string, { pixels, size }: Pick<Sharpest, "pixels" | "size">): Promise<RawFile> {
    const startedAtMs = performance.now();
    const bytes = await encodeLossless(pixels, size);
    await rest(Math.min(LONGEST_REST_MS, REST * (performance.now() - startedAtMs)), closing.signal);
    return { name, bytes };
  }

  async function pack(
    id: string,
    before: readonly Frame[],
    raising: Frame,
    own: Promise<Sharpest>,
  ): Promise<KeptFrames> {
    if (closing.signal.aborted) return { kept: false, reason: "stopped", message: "the agent is stopping" };
    const files: RawFile[] = [];
    for (const [index, frame] of before.entries()) {
      files.push(await packed(`before-${before.length - index}.webp`, frame));
    }
    const raised = await own;
    files.push(await packed(RAISED, raised), { name: RECORD, bytes: recordOf(raising, raised) });
    const path = join(folder, cameraFolder(raising.camera), id);
    const bytes = files.reduce((sum, file) => sum + onDisk(file.bytes.length), 0);
    const item: Item = { key: rawKey(id), id, stampMs: raising.capturedAtMs, path, bytes };
    const kept = await archive.put(item, () => placeFolder(path, files));
    return kept.kept ? { kept: true, size: raised.resolution } : kept;
  }

  return {
    hold(what, before, raising) {
      if (packing >= (what === "alert" ? MAX_PACKING : MAX_BEFORE_PART)) return TOO_MANY;
      packing += 1;
      const drop = (): void => {
        packing -= 1;
      };
      const own = sharpest(raising);
      return {
        drop,
        // One after the other: packing takes a thread of libuv's pool, and the cameras need theirs.
        keep: (id) =>
          inTurn(() => pack(id, before, raising, own))
            .catch((error: unknown): KeptFrames => ({ kept: false, reason: "disk", message: messageOf(error) }))
            .finally(drop),
      };
    },
    settled,
    close: () => {
      closing.abort();
      return settled();
    },
  };
}

const TOO_MANY: HeldFrames = {
  keep: async () => ({ kept: false, reason: "busy", message: "those of others are still being packed" }),
  drop: () => undefined,
};

function recordOf({ camera, number, capturedAtMs }: Frame, { size, resolution }: Sharpest): Buffer {
  const ts = new Date(capturedAtMs).toISOString();
  const record: RawRecord = { v: 1, camera, frame: number, ts, ...size, size: resolution };
  return Buffer.from(`${JSON.stringify(record)}\n`);
}

/** In whose pixels a raw frame is; null where its record cannot be read, or there is none, as before version 0.2. */
export async function resolutionIn(path: string): Promise<Resolution | null> {
  try {
    const { size } = JSON.parse(await readFile(path, "utf8")) as RawRecord;
    return size === "camera" || size === "model" ? size : null;
  } catch {
    return null;
  }
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
      const left = await swept(path);
      if (left === null) await rm(path, { recursive: true, force: true });
      else items.push({ key: rawKey(id), id, path, ...left });
    }
  }
  return items;
}

/** Of a folder whose files without a byte are removed; null where the raising frame is not there. The time is that of its writing. */
async function swept(folder: string): Promise<Pick<Item, "bytes" | "stampMs"> | null> {
  let bytes = 0;
  let stampMs: number | null = null;
  for (const name of await namesIn(folder)) {
    const { size, mtimeMs } = await stat(join(folder, name));
    if (size === 0) await rm(join(folder, name));
    else if (name === RAISED) stampMs = mtimeMs;
    bytes += onDisk(size);
  }
  return stampMs === null ? null : { bytes, stampMs };
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
