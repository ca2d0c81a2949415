import { createHash } from "node:crypto";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { CodedError, messageOf } from "../../errors.js";
import { makeFolder, replaceFile } from "../../replace-file.js";

/** A half of the file is a page of the disk, so that a torn write leaves the other one whole. */
const HALF_BYTES = 4_096;
/** The file as version 0.1 wrote it. */
const BARE = /^\d{1,15}\n?$/;

/**
 * The numbers of one stream of messages, from 1 and without a gap, and the only place that knows the highest one. It lies in a
 * file of its own beside the store: a store that is lost must not make an agent count from 1 again. The file is written in
 * place, its halves in turn, so that it needs no space on a full disk.
 */
export class Sequence {
  /** Whether the number comes from the file of version 0.1, which had no outbox. */
  readonly migrated: boolean;
  readonly #file: FileHandle;
  #last: number;
  #sendable: number;
  #half = 0;

  constructor(file: FileHandle, last: number, migrated: boolean) {
    this.migrated = migrated;
    this.#file = file;
    this.#last = last;
    this.#sendable = last;
  }

  /** The highest number that was handed out, 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The highest number whose message may be sent; 0 before the first. */
  get sendable(): number {
    return this.#sendable;
  }

  /** Hands out the next number. */
  next(): number {
    this.#last += 1;
    return this.#last;
  }

  /** Declares that all messages that have a number may be sent. */
  allSendable(): void {
    this.#sendable = this.#last;
  }

  /**
   * Writes the highest number. Fulfilled when it is on disk, or, without `sync`, when it survives the process. Calls must not overlap.
   * @throws what the file system answers
   */
  async save({ sync = true }: { readonly sync?: boolean } = {}): Promise<void> {
    this.#half = 1 - this.#half;
    await this.#file.write(lineOf(this.#last), this.#half * HALF_BYTES, "latin1");
    if (sync) await this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/**
 * Opens a sequence behind the highest number that its file or its store knows.
 * @param stored the highest number in the store, 0 where it holds none: then a file that cannot be read is an error
 * @throws CodedError STATE_UNREADABLE, STATE_UNWRITABLE
 */
export async function openSequence(path: string, stored: number): Promise<Sequence> {
  const found = await readFile(path, "latin1").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "0\n";
    throw unreadable(path, error.message);
  });
  const written = numberIn(found);
  if (written === null && stored === 0) throw unreadable(path, "it holds no number");
  const isWhole = written !== null && found.length === 2 * HALF_BYTES;
  const file = await (isWhole ? open(path, "r+").catch(() => prepare(path, written)) : prepare(path, written ?? 0));
  return new Sequence(file, Math.max(stored, written ?? 0), BARE.test(found) && written !== 0);
}

/** Writes a file with both halves, whatever was there before. */
async function prepare(path: string, last: number): Promise<FileHandle> {
  try {
    await makeFolder(dirname(path), { mode: 0o700 });
    await replaceFile(path, lineOf(last).padEnd(HALF_BYTES, " ").repeat(2), { mode: 0o600 });
    return await open(path, "r+");
  } catch (error) {
    throw new CodedError("STATE_UNWRITABLE", `cannot write the last number: ${messageOf(error)}`, {
      at: path,
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

/** The highest number of those whose check holds; null where there is none. */
function numberIn(text: string): number | null {
  if (BARE.test(text)) return Number(text);
  const whole = [...text.matchAll(/(\d{16}) ([0-9a-f]{16})\n/g)].filter(
    ([, digits, check]) => checkOf(digits!) === check,
  );
  return whole.length === 0 ? null : Math.max(...whole.map(([, digits]) => Number(digits)));
}

function unreadable(path: string, reason: string): CodedError {
  return new CodedError("STATE_UNREADABLE", `cannot read the last number: ${reason}`, { at: path });
}
