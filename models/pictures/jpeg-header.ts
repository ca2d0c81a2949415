/** The segments of a JPEG file that come before its compressed data (ITU-T T.81, annex B). */
import { type HuffmanTable, huffmanTable } from "./huffman-reader.js";

export interface ScanComponent {
  readonly dc: HuffmanTable;
  readonly ac: HuffmanTable;
  /** 64 steps, in zigzag order. */
  readonly quantisation: Uint16Array;
}

/** The one scan of a sequential picture. */
export interface JpegScan {
  readonly components: readonly ScanComponent[];
  /** The component, by its index, of each block of an MCU (the smallest coded unit, a rectangle of the picture), in order. */
  readonly mcuBlocks: Uint8Array;
  readonly mcus: number;
  /** MCUs between restart markers, 0: none. */
  readonly restartInterval: number;
  /** Where the compressed data begins. */
  readonly dataAt: number;
}

interface FrameComponent {
  readonly id: number;
  readonly horizontal: number;
  readonly vertical: number;
  readonly table: number;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly FrameComponent[];
}

/** What the segments have said so far. */
interface Tables {
  frame: Frame | null;
  restartInterval: number;
  /** Tables so far, those that were replaced, too. */
  read: number;
  readonly quantisation: Map<number, Uint16Array>;
  readonly dc: Map<number, HuffmanTable>;
  readonly ac: Map<number, HuffmanTable>;
}

const SOF0_BASELINE = 0xc0;
const SOF1_SEQUENTIAL = 0xc1;
const DHT_HUFFMAN_TABLES = 0xc4;
const JPG_RESERVED = 0xc8;
const DAC_ARITHMETIC = 0xcc;
const SOI_START = 0xd8;
const EOI_END = 0xd9;
const SOS_SCAN = 0xda;
const DQT_QUANTISATION = 0xdb;
const DRI_RESTART_INTERVAL = 0xdd;

/** A header is read in one go on the thread that asks: no encoder writes as many segments, tables or bytes between two of them. */
const MOST_SEGMENTS = 4096;
const MOST_TABLES = 256;
const MOST_FILL_BYTES = 4096;

/**
 * The scan of a sequential, Huffman-coded picture of 8 bits; null for any other and where the header makes no sense, or would take
 * long to read.
 */
export function readJpegScan(bytes: Uint8Array): JpegScan | null {
  const tables: Tables = {
    ...{ frame: null, restartInterval: 0, read: 0 },
    ...{ quantisation: new Map(), dc: new Map(), ac: new Map() },
  };
  let at = 0;
  for (let segments = 0; at + 4 <= bytes.length; segments += 1) {
    if (bytes[at] !== 0xff || segments > MOST_SEGMENTS) return null;
    const fillEnd = at + MOST_FILL_BYTES;
    while (bytes[at] === 0xff && at < fillEnd) at += 1;
    const marker = bytes[at]!;
    at += 1;
    if (marker === 0xff) return null;
    if (marker === SOI_START) continue;
    if (marker === EOI_END) return null;
    const length = bytes[at]! * 256 + bytes[at + 1]!;
    if (length < 2 || at + length > bytes.length) return null;
    const body = bytes.subarray(at + 2, at + length);
    at += length;
    if (marker === SOS_SCAN) return scanOf(body, tables, at);
    if (!readSegment(marker, body, tables)) return null;
  }
  return null;
}

/** False for a picture that is not sequential and Huffman-coded, or a segment that makes no sense. */
function readSegment(marker: number, body: Uint8Array, tables: Tables): boolean {
  if (marker === DQT_QUANTISATION) return readQuantisation(body, tables);
  if (marker === DHT_HUFFMAN_TABLES) return readHuffman(body, tables);
  if (marker === DRI_RESTART_INTERVAL && body.length >= 2) tables.restartInterval = body[0]! * 256 + body[1]!;
  if (marker === SOF0_BASELINE || marker === SOF1_SEQUENTIAL) {
    tables.frame = frameOf(body);
    return tables.frame !== null;
  }
  return marker < SOF0_BASELINE || marker > 0xcf || marker === JPG_RESERVED || marker === DAC_ARITHMETIC;
}

function readQuantisation(body: Uint8Array, tables: Tables): boolean {
  for (let at = 0; at < body.length; ) {
    tables.read += 1;
    if (tables.read > MOST_TABLES) return false;
    const bytesEach = (body[at]! >> 4) + 1;
    const end = at + 1 + 64 * bytesEach;
    if (bytesEach > 2 || end > body.length) return false;
    const from = at + 1;
    const steps = Uint16Array.from({ length: 64 }, (_, k) =>
      bytesEach === 1 ? body[from + k]! : body[from + 2 * k]! * 256 + body[from + 2 * k + 1]!,
    );
    if (steps.includes(0)) return false;
    tables.quantisation.set(body[at]! & 15, steps);
    at = end;
  }
  return true;
}

function readHuffman(body: Uint8Array, tables: Tables): boolean {
  for (let at = 0; at < body.length; ) {
    tables.read += 1;
    if (tables.read > MOST_TABLES) return false;
    const counts = body.subarray(at + 1, at + 17);
    const codes = counts.reduce((sum, count) => sum + count, 0);
    const end = at + 17 + codes;
    if (end > body.length) return false;
    const table = huffmanTable(counts, body.subarray(at + 17, end));
    if (table === null) return false;
    (body[at]! >> 4 === 0 ? tables.dc : tables.ac).set(body[at]! & 15, table);
    at = end;
  }
  return true;
}

function frameOf(body: Uint8Array): Frame | null {
  const [bits, heightHigh, heightLow, widthHigh, widthLow, count] = body;
  if (bits !== 8 || count === undefined || body.length < 6 + 3 * count) return null;
  const components = Array.from({ length: count }, (_, index) => {
    const [id, factors, table] = body.subarray(6 + 3 * index, 9 + 3 * index);
    return { id: id!, horizontal: factors! >> 4, vertical: factors! & 15, table: table! };
  });
  const width = widthHigh! * 256 + widthLow!;
  const height = heightHigh! * 256 + heightLow!;
  const sane = components.every(({ horizontal, vertical }) => [horizontal, vertical].every((n) => n >= 1 && n <= 4));
  return sane && width > 0 && height > 0 && count > 0 ? { width, height, components } : null;
}

/** null where the picture has further scans, and where a table is missing. */
function scanOf(body: Uint8Array, { frame, restartInterval, ...tables }: Tables, dataAt: number): JpegScan | null {
  const count = body[0] ?? 0;
  if (frame === null || count !== frame.components.length || body.length < 1 + 2 * count) return null;
  const components: ScanComponent[] = [];
  const mcuBlocks: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const [id, selectors] = body.subarray(1 + 2 * index, 3 + 2 * index);
    const component = frame.components.find((each) => each.id === id);
    const dc = tables.dc.get(selectors! >> 4);
    const ac = tables.ac.get(selectors! & 15);
    const quantisation = tables.quantisation.get(component?.table ?? -1);
    if (component === undefined || dc === undefined || ac === undefined || quantisation === undefined) return null;
    components.push({ dc, ac, quantisation });
    const blocksEach = count === 1 ? 1 : component.horizontal * component.vertical;
    for (let block = 0; block < blocksEach; block += 1) mcuBlocks.push(index);
  }
  // A component alone is coded block by block, whatever its sampling factors (A.2.2).
  const widest = count === 1 ? 1 : Math.max(...frame.components.map(({ horizontal }) => horizontal));
  const highest = count === 1 ? 1 : Math.max(...frame.components.map(({ vertical }) => vertical));
  const mcus = Math.ceil(frame.width / (8 * widest)) * Math.ceil(frame.height / (8 * highest));
  return { components, mcuBlocks: Uint8Array.from(mcuBlocks), mcus, restartInterval, dataAt };
}
