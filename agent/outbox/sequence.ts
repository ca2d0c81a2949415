import { createHash } from "node:crypto";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { CodedError, messageOf } from "../../errors.js";
import { makeFolder, replaceFile } from "../../replace-file.js";

/**
 * The last `seq` given out, in a file of its own beside the store: a store that is lost must not make an agent count from 1
 * again. Written in place, in turns into two halves, so that it needs no space on a full disk and a torn write leaves one whole.
 */
export interface HighWater {
  /** As read when it was opened; 0 for a new one. */
  readonly last: number;
  /** From the bare number that version 0.1 kept. */
  readonly migrated: boolean;
  /** Resolves when it is on disk. One at a time. */
  write(seq: number): Promise<void>;
  close(): Promise<void>;
}

const HALF_BYTES = 4_096;
const BARE = /^\d{1,15}\n?$/;

/**
 * @param required whether nothing else knows the number: then a file that cannot be read is an error
 * @throws CodedError STATE_UNREADABLE when it is required, is there and holds no number; STATE_UNWRITABLE
 */
export async function openHighWater(path: string, required: boolean): Promise<HighWater> {
  const found = await readFile(path, "latin1").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "0\n";
    throw unreadable(path, error.message);
  });
  const last = numberIn(found);
  if (last === null && required) throw unreadable(path, "it holds no number");
  const sound = last !== null && found.length === 2 * HALF_BYTES;
  const file = await (sound ? open(path, "r+").catch(() => prepare(path, last)) : prepare(path, last ?? 0));
  let half = 0;
  return {
    last: last ?? 0,
    migrated: BARE.test(found) && last !== 0,
    write: async (seq) => {
      half = 1 - half;
      await file.write(lineOf(seq), half * HALF_BYTES, "latin1");
      await file.datasync();
    },
    close: () => file.close(),
  };
}

/** A file with both halves there, whatever was there before. */
async function prepare(path: string, last: number): Promise<FileHandle> {
  try {
    await makeFolder(dirname(path), { mode: 0o700 });
    await replaceFile(path, lineOf(last).padEnd(HALF_BYTES, " ").repeat(2), { mode: 0o600 });
    return await open(path, "r+");
  } catch (error) {
    throw new CodedError("STATE_UNWRITABLE", `cannot write the last alert's number: ${messageOf(error)}`, {
      at: path,
      remedy: "Check state.path, that this user may write there, and that there is room.",
      cause: error,
    });
  }
}

function lineOf(seq: number): string {
  const digits = String(seq).padStart(16, "0");
  return `${digits} ${checkOf(digits)}\n`;
}

function checkOf(digits: string): string {
  return createHash("sha256").update(digits).digest("hex").slice(0, 16);
}

function numberIn(text: string): number | null {
  if (BARE.test(text)) return Number(text);
  const whole = [...text.matchAll(/(\d{16}) ([0-9a-f]{16})\n/g)].filter(
    ([, digits, check]) => checkOf(digits!) === check,
  );
  return whole.length === 0 ? null : Math.max(...whole.map(([, digits]) => Number(digits)));
}

function unreadable(path: string, reason: string): CodedError {
  return new CodedError("STATE_UNREADABLE", `cannot read the last alert's number: ${reason}`, {
    at: path,
    remedy: "Write the last known seq of this agent into the file, or remove it to count from 1.",
  });
}
