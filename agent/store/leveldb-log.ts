import { crc32c, masked } from "./crc32c.js";

/**
 * Reads LevelDB's logs (and MANIFESTs, which are logs) by LevelDB's doc/log_format.md. Its own recovery drops the rest of a
 * 32 KB block after one flipped bit, and its repair believes flipped bits; this goes on at the next record that is whole.
 */
export interface LogContents {
  readonly records: readonly Buffer[];
  /** The number of stretches that belong to no whole record; one that the end of the file cuts off was being written, and is none. */
  readonly damagedStretches: number;
}

const BLOCK = 32_768;
const HEADER = 7;
/** Kinds of fragments. 3 is a middle one. */
const FULL = 1;
const FIRST = 2;
const LAST = 4;

interface Fragment {
  readonly type: number;
  readonly data: Buffer;
  readonly end: number;
}

export function readLog(file: Buffer): LogContents {
  const records: Buffer[] = [];
  let open: Buffer[] | null = null;
  let damagedStretches = 0;
  const abandon = (): void => {
    if (open !== null) damagedStretches += 1;
    open = null;
  };
  for (let start = 0; start < file.length; start += BLOCK) {
    const block = file.subarray(start, start + BLOCK);
    const isLast = start + BLOCK >= file.length;
    let at = 0;
    while (at + HEADER <= block.length) {
      const fragment = fragmentAt(block, at);
      if (fragment === null) {
        const next = nextFragment(block, at + 1);
        // At the very end of the file: what was being written when the process ended.
        if (next < 0 && isLast && isUnfinished(block, at)) break;
        if (!isZero(block.subarray(at, next < 0 ? block.length : next))) {
          open = null;
          damagedStretches += 1;
        }
        if (next < 0) break;
        at = next;
        continue;
      }
      at = fragment.end;
      const { type, data } = fragment;
      if (type === FULL || type === FIRST) {
        abandon();
        if (type === FULL) records.push(data);
        else open = [data];
      } else if (open !== null) {
        open.push(data);
        if (type === LAST) {
          records.push(Buffer.concat(open));
          open = null;
        }
      }
    }
  }
  return { records, damagedStretches };
}

function fragmentAt(block: Buffer, at: number): Fragment | null {
  const length = block.readUInt16LE(at + 4);
  const type = block[at + 6]!;
  const end = at + HEADER + length;
  if (type < FULL || type > LAST || end > block.length) return null;
  if (masked(crc32c(block.subarray(at + 6, end))) !== block.readUInt32LE(at)) return null;
  return { type, data: block.subarray(at + HEADER, end), end };
}

function nextFragment(block: Buffer, from: number): number {
  for (let at = from; at + HEADER <= block.length; at += 1) if (fragmentAt(block, at) !== null) return at;
  return -1;
}

/** Whether the header promises more bytes than there are, as after a kill. A whole record with a wrong check is damage. */
function isUnfinished(block: Buffer, at: number): boolean {
  return at + HEADER + block.readUInt16LE(at + 4) > block.length || isZero(block.subarray(at, at + HEADER));
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** One write of one key, as LevelDB numbers it: the highest number is in force. */
export interface Write {
  readonly key: string;
  readonly number: bigint;
  /** The value with its seal; null for a deletion. */
  readonly value: Buffer | null;
}

/** The writes of a log's record: a sequence number, a count, and that many operations (db/write_batch.cc). */
export function writesOf(record: Buffer): Write[] {
  const writes: Write[] = [];
  if (record.length < 12) return writes;
  let number = record.readBigUInt64LE(0);
  const cursor = new Cursor(record, 12);
  while (!cursor.ended) {
    const type = cursor.byte();
    const key = cursor.lengthPrefixed();
    const value = type === 1 ? cursor.lengthPrefixed() : null;
    if (key === null || (type === 1 && value === null)) break;
    writes.push({ key: key.toString("utf8"), number, value });
    number += 1n;
  }
  return writes;
}

/** Reads what LevelDB's util/coding.cc writes; yields null past the end. */
export class Cursor {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number | null {
    const byte = this.#bytes[this.#at] ?? null;
    this.#at += 1;
    return byte;
  }

  /** Up to 2^53. */
  varint(): number | null {
    let value = 0;
    for (let scale = 1; scale < 2 ** 53; scale *= 128) {
      const byte = this.byte();
      if (byte === null) return null;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : null;
    }
    return null;
  }

  take(length: number): Buffer | null {
    if (this.#at + length > this.#bytes.length) return null;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  lengthPrefixed(): Buffer | null {
    const length = this.varint();
    return length === null ? null : this.take(length);
  }
}
