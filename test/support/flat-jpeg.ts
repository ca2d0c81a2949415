/** A JPEG of flat grey blocks, written bit by bit: sharp writes no restart markers and nothing that is out of order. */
export interface FlatJpeg {
  readonly blocksPerRow: number;
  /** Blocks between restart markers; none unless given. */
  readonly restartInterval?: number;
  /** Bytes behind the data of each interval. */
  readonly spareBytes?: number;
}

/** The codes of the DC's sizes 0 to 11: as many of four bits as there are sizes. */
const DC_BITS = 4;
const END_OF_BLOCK = "0";

/** @param levels grey level of each 8 x 8 block, 0..255, row by row */
export function flatJpeg(
  levels: readonly number[],
  { blocksPerRow, restartInterval = 0, spareBytes = 0 }: FlatJpeg,
): Buffer {
  const height = 8 * (levels.length / blocksPerRow);
  const width = 8 * blocksPerRow;
  const segment = (marker: number, ...body: number[]): Buffer =>
    Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255, ...body]);
  const counts = (length: number, count: number): number[] =>
    Array.from({ length: 16 }, (_, at) => (at + 1 === length ? count : 0));
  const header = [
    Buffer.of(0xff, 0xd8),
    segment(0xdb, 0, ...Array<number>(64).fill(8)),
    segment(0xc0, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0),
    segment(0xc4, 0x00, ...counts(DC_BITS, 12), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
    segment(0xc4, 0x10, ...counts(1, 1), 0x00),
    segment(0xdd, restartInterval >> 8, restartInterval & 255),
    segment(0xda, 1, 1, 0x00, 0, 63, 0),
  ];
  const spare = Buffer.alloc(spareBytes, 0x11);
  const parts: Buffer[] = [];
  const each = restartInterval === 0 ? levels.length : restartInterval;
  for (let from = 0; from < levels.length; from += each) {
    if (from > 0) parts.push(Buffer.of(0xff, 0xd0 + ((from / each - 1) % 8)));
    parts.push(dataOf(levels.slice(from, from + each)), spare);
  }
  return Buffer.concat([...header, ...parts, Buffer.of(0xff, 0xd9)]);
}

function dataOf(levels: readonly number[]): Buffer {
  let bits = "";
  let before = 0;
  for (const level of levels) {
    // A flat block's DC is eight times its level around 0; the quantisation step is 8.
    const value = level - 128;
    const difference = value - before;
    before = value;
    const size = difference === 0 ? 0 : Math.floor(Math.log2(Math.abs(difference))) + 1;
    const magnitude = difference < 0 ? difference + 2 ** size - 1 : difference;
    bits += size.toString(2).padStart(DC_BITS, "0");
    if (size > 0) bits += magnitude.toString(2).padStart(size, "0");
    bits += END_OF_BLOCK;
  }
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  const bytes = (bits.match(/.{8}/g) ?? []).map((each) => Number.parseInt(each, 2));
  return Buffer.from(bytes.flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte])));
}
