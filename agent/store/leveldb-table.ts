import { crc32c, masked } from "./crc32c.js";
import { Cursor, type Write } from "./leveldb-log.js";

/**
 * Reads LevelDB's tables by its doc/table_format.md, uncompressed ones, block by block. LevelDB itself, handed a table with a
 * flipped bit, fails an assertion and takes the process with it (one in some 600 flips, in its repair): so every block's
 * check is held against its bytes before LevelDB sees the file.
 */
export interface TableContents {
  readonly writes: readonly Write[];
  /** The number of blocks of which nothing can be read, or that LevelDB must not meet: index and filter count, too. */
  readonly damagedBlocks: number;
  /** False where the index is gone: among the writes may be what only looks like one. */
  readonly indexed: boolean;
}

const FOOTER = 48;
const TRAILER = 5;
const MAGIC = 0xdb4775248b80fb57n;

interface Handle {
  readonly offset: number;
  readonly size: number;
}

export function readTable(file: Buffer): TableContents {
  const footer = file.length >= FOOTER ? file.subarray(file.length - FOOTER) : null;
  const sound = footer !== null && footer.readBigUInt64LE(FOOTER - 8) === MAGIC;
  const cursor = new Cursor(sound ? footer : Buffer.alloc(0));
  const [meta, index] = [handleFrom(cursor), handleFrom(cursor)];
  const indexBlock = index && blockAt(file, index);
  if (!indexBlock) return { writes: unindexed(file), damagedBlocks: 1, indexed: false };
  const data = entriesOf(indexBlock).map(({ value }) => handleFrom(new Cursor(value)));
  const metaBlock = meta && blockAt(file, meta);
  const filters = metaBlock ? entriesOf(metaBlock).map(({ value }) => handleFrom(new Cursor(value))) : [];
  const blocks = data.map((handle) => handle && blockAt(file, handle));
  const broken = [metaBlock, ...filters.map((handle) => handle && blockAt(file, handle)), ...blocks].filter((b) => !b);
  const writes = blocks.flatMap((block) => (block ? writesIn(block) : []));
  return { writes, damagedBlocks: broken.length, indexed: true };
}

/** The writes of a table whose index is gone: blocks follow each other, and each ends where its running check comes true. */
function unindexed(file: Buffer): Write[] {
  const writes: Write[] = [];
  let start = 0;
  let crc = 0;
  for (let at = 0; at + TRAILER <= file.length; at += 1) {
    // The check covers the block and the byte for "not compressed", 0, after it.
    if (at > start && file[at] === 0 && masked(crc32c(zero, crc)) === file.readUInt32LE(at + 1)) {
      const block = file.subarray(start, at);
      writes.push(...writesIn(block));
      at += TRAILER;
      start = at;
      crc = 0;
    }
    crc = crc32c(file.subarray(at, at + 1), crc);
  }
  return writes;
}

const zero = new Uint8Array(1);

function handleFrom(cursor: Cursor): Handle | null {
  const [offset, size] = [cursor.varint(), cursor.varint()];
  return offset === null || size === null ? null : { offset, size };
}

/** The bytes of a block; null when they are not what was written. */
function blockAt(file: Buffer, { offset, size }: Handle): Buffer | null {
  const end = offset + size;
  if (end + TRAILER > file.length) return null;
  const checked = crc32c(file.subarray(offset, end + 1));
  return file[end] === 0 && masked(checked) === file.readUInt32LE(end + 1) ? file.subarray(offset, end) : null;
}

/** The entries of a block. A key shares its beginning with the one before; the restart points at the end are for seeking only. */
function entriesOf(block: Buffer): { key: Buffer; value: Buffer }[] {
  const entries: { key: Buffer; value: Buffer }[] = [];
  const restarts = block.length >= 4 ? block.readUInt32LE(block.length - 4) : 0;
  const end = block.length - 4 - 4 * restarts;
  const cursor = new Cursor(block.subarray(0, Math.max(0, end)));
  let last: Buffer = Buffer.alloc(0);
  while (!cursor.ended) {
    const [shared, rest, length] = [cursor.varint(), cursor.varint(), cursor.varint()];
    if (shared === null || rest === null || length === null) break;
    const [suffix, value] = [cursor.take(rest), cursor.take(length)];
    if (suffix === null || value === null || shared > last.length) break;
    last = Buffer.concat([last.subarray(0, shared), suffix]);
    entries.push({ key: last, value });
  }
  return entries;
}

/** The writes of a block. A table's keys end in eight bytes: the write's number above a byte for its kind, 1 for a value, 0 for a deletion. */
function writesIn(block: Buffer): Write[] {
  return entriesOf(block).flatMap(({ key, value }) => {
    if (key.length < 8) return [];
    const tag = key.readBigUInt64LE(key.length - 8);
    const name = key.toString("utf8", 0, key.length - 8);
    return [{ key: name, number: tag >> 8n, value: (tag & 0xffn) === 1n ? value : null }];
  });
}
