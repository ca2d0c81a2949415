import type { Bytes } from "./bytes.js";
import { crc32 } from "./crc32.js";

/**
 * The zip archive that torch.save writes (PKWARE's APPNOTE, sections 4.3.7 to 4.3.16, with Zip64). PyTorch maps its files into memory and
 * therefore never compresses: what is compressed or encrypted is refused.
 */
export interface Archive {
  readonly names: readonly string[];
  /** Bytes of an entry; undefined where there is none of the name. */
  sizeOf(name: string): number | undefined;
  /** An entry's bytes, their checksum proved. @throws RangeError, TypeError */
  read(name: string): Promise<Buffer<ArrayBuffer>>;
}

interface Entry {
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly size: number;
  readonly stored: number;
  readonly header: number;
}

const [LOCAL, CENTRAL, END, END64, LOCATOR64] = [0x04034b50, 0x02014b50, 0x06054b50, 0x06064b50, 0x07064b50];
/** The end record with the longest comment. */
const MOST_END_BYTES = 22 + 65_535;
/** A network of 10,000 tensors has a directory of a megabyte. */
const MOST_DIRECTORY_BYTES = 64_000_000;
const FULL = 0xffffffff;

export function isArchive(head: Buffer): boolean {
  return head.length >= 4 && head.readUInt32LE(0) === LOCAL;
}

/** @throws RangeError, TypeError for bytes that are no such archive */
export async function openArchive(bytes: Bytes): Promise<Archive> {
  const { from, length } = await directoryOf(bytes);
  if (length > MOST_DIRECTORY_BYTES) throw new RangeError(`its directory would have ${length} bytes`);
  const entries = entriesOf(await bytes.read(from, length));
  // Many entries over the same bytes would be gigabytes out of a small file.
  const stored = [...entries.values()].reduce((sum, entry) => sum + entry.stored, 0);
  if (stored > bytes.size) throw new RangeError(`its entries would have ${stored} bytes, and it has ${bytes.size}`);
  return {
    names: [...entries.keys()],
    sizeOf: (name) => entries.get(name)?.size,
    async read(name) {
      const entry = entries.get(name);
      if (entry === undefined) throw new RangeError(`it holds no ${name.slice(0, 100)}`);
      if (entry.method !== 0 || entry.stored !== entry.size || entry.encrypted) {
        throw new TypeError(`${name.slice(0, 100)} is compressed or encrypted, which torch.save never does`);
      }
      const local = await bytes.read(entry.header, 30);
      if (local.readUInt32LE(0) !== LOCAL)
        throw new RangeError(`${name.slice(0, 100)} is not where its directory says`);
      const start = entry.header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
      const data = await bytes.read(start, entry.size);
      if (crc32(data) !== entry.crc) throw new RangeError(`${name.slice(0, 100)} is damaged: its checksum is another`);
      return data;
    },
  };
}

/** Where the central directory lies. */
async function directoryOf(bytes: Bytes): Promise<{ readonly from: number; readonly length: number }> {
  const tailFrom = Math.max(0, bytes.size - MOST_END_BYTES);
  const tail = await bytes.read(tailFrom, bytes.size - tailFrom);
  let at = tail.length - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== END) at -= 1;
  if (at < 0) throw new RangeError("it has no directory: it is cut off");
  const [length, from] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  if (length !== FULL && from !== FULL && tail.readUInt16LE(at + 10) !== 0xffff) return { from, length };
  if (at < 20 || tail.readUInt32LE(at - 20) !== LOCATOR64) throw new RangeError("its Zip64 directory is missing");
  const end = await bytes.read(safe(tail.readBigUInt64LE(at - 12)), 56);
  if (end.readUInt32LE(0) !== END64) throw new RangeError("its Zip64 directory is missing");
  return { length: safe(end.readBigUInt64LE(40)), from: safe(end.readBigUInt64LE(48)) };
}

function entriesOf(directory: Buffer): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  let at = 0;
  while (at + 46 <= directory.length) {
    if (directory.readUInt32LE(at) !== CENTRAL) throw new RangeError("its directory is damaged");
    const nameBytes = directory.readUInt16LE(at + 28);
    const extraBytes = directory.readUInt16LE(at + 30);
    const next = at + 46 + nameBytes + extraBytes + directory.readUInt16LE(at + 32);
    if (next > directory.length) throw new RangeError("its directory is cut off");
    const name = directory.toString("utf8", at + 46, at + 46 + nameBytes);
    if (entries.has(name)) throw new RangeError(`it holds ${name.slice(0, 100)} twice`);
    const extra = directory.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes);
    const wide = [directory.readUInt32LE(at + 24), directory.readUInt32LE(at + 20), directory.readUInt32LE(at + 42)];
    const [size, stored, header] = widened(wide, extra) as [number, number, number];
    entries.set(name, {
      method: directory.readUInt16LE(at + 10),
      encrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
      crc: directory.readUInt32LE(at + 16),
      ...{ size, stored, header },
    });
    at = next;
  }
  return entries;
}

/** Sizes and offset of an entry; those that do not fit 32 bits stand in its Zip64 field, in this order (4.5.3). */
function widened(values: readonly number[], extra: Buffer): readonly number[] {
  if (!values.includes(FULL)) return values;
  let at = 0;
  while (at + 4 <= extra.length && extra.readUInt16LE(at) !== 1) at += 4 + extra.readUInt16LE(at + 2);
  at += 4;
  return values.map((value) => {
    if (value !== FULL) return value;
    if (at + 8 > extra.length) throw new RangeError("its directory lacks a Zip64 field");
    at += 8;
    return safe(extra.readBigUInt64LE(at - 8));
  });
}

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`${value} is no size of a file`);
  return Number(value);
}
