import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { CodedError } from "../../../errors.js";
import { imageSize, readRgb } from "../../../models/pictures/images.js";
import { readMask } from "../../../models/pictures/masks.js";
import { temporaryFolder } from "../../support/config.js";
import { awkwardNumbers, damaged } from "../damage.js";
import { Finding, type FuzzKind, requireCode, type Subject, TAKEN } from "../kind.js";

interface File {
  readonly bytes: Buffer;
  readonly extension: string;
}

const size = { width: 16, height: 16 };

async function originals(): Promise<Buffer[]> {
  const pixels = Buffer.from(Array.from({ length: 12 * 10 * 3 }, (_, at) => (at * 37) % 256));
  const picture = () => sharp(pixels, { raw: { width: 12, height: 10, channels: 3 } });
  const encoded = await Promise.all([
    picture().png().toBuffer(),
    picture().png({ palette: true, progressive: true }).toBuffer(),
    picture().jpeg().toBuffer(),
    picture()
      .jpeg({ progressive: true })
      .withExif({ IFD0: { Copyright: "x" } })
      .toBuffer(),
    picture().webp().toBuffer(),
    picture().webp({ lossless: true }).toBuffer(),
    picture().tiff({ compression: "lzw" }).toBuffer(),
    picture().tiff({ compression: "jpeg", tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
    picture().gif().toBuffer(),
  ]);
  return [...encoded, bmp(24), bmp(8), bmp(32), ...foreign];
}

/** What libvips or its parts can read and the product has no use for. */
const foreign = [
  '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><image href="file:///etc/passwd" width="8" height="8"/></svg>',
  '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg" width="9999999" height="9999999"><text>&x;</text></svg>',
  "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>",
  `P6\n8 8\n255\n${"x".repeat(192)}`,
  "SIMPLE  =                    T",
  "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 8 +X 8\n",
].map((each) => Buffer.from(each));

function bmp(bits: number): Buffer {
  const stride = Math.ceil((4 * bits) / 32) * 4;
  const palette = bits === 8 ? 1_024 : 0;
  const bytes = Buffer.alloc(54 + palette + stride * 3, 7);
  bytes.write("BM", 0);
  bytes.writeUInt32LE(54 + palette, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(4, 18);
  bytes.writeInt32LE(3, 22);
  bytes.writeUInt16LE(bits, 28);
  bytes.writeUInt32LE(0, 30);
  return bytes;
}

function chunk(name: string, body: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.write(name, 4);
  bytes.set(body, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + body.length)), 8 + body.length);
  return bytes;
}

/** A PNG whose header says more than there is, or as much: a bomb of a few kilobytes. */
function png(width: number, height: number, depth: number, colour: number, interlace: number, pixels: Buffer): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width >>> 0, 0);
  header.writeUInt32BE(height >>> 0, 4);
  header.set([depth, colour, 0, 0, interlace], 8);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

const side = fc.oneof(
  fc.constantFrom(...awkwardNumbers),
  fc.integer({ min: 1, max: 70_000 }),
  fc.integer({ min: 1, max: 64 }),
);
const zeros = deflateSync(Buffer.alloc(1_000_000));
const bomb = fc
  .tuple(side, side, fc.constantFrom(1, 2, 4, 8, 16, 3), fc.constantFrom(0, 2, 3, 4, 6, 5), fc.constantFrom(0, 1, 2))
  .map(([width, height, depth, colour, interlace]) => png(width, height, depth, colour, interlace, zeros));
const largeBmp = fc
  .tuple(side, side, fc.constantFrom(1, 4, 8, 16, 24, 32), fc.constantFrom(0, 1, 2, 3), fc.nat(200))
  .map(([width, height, bits, compression, offset]) => {
    const bytes = bmp(24);
    bytes.writeInt32LE(width | 0, 18);
    bytes.writeInt32LE(height | 0, 22);
    bytes.writeUInt16LE(bits, 28);
    bytes.writeUInt32LE(compression, 30);
    bytes.writeUInt32LE(offset, 10);
    return bytes;
  });

const seeds = await originals();
const inputs: fc.Arbitrary<File> = fc.record({
  bytes: fc.oneof(
    { weight: 20, arbitrary: damaged(seeds) },
    { weight: 3, arbitrary: bomb },
    { weight: 3, arbitrary: largeBmp },
    { weight: 1, arbitrary: fc.constantFrom(...seeds) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each)) },
  ),
  extension: fc.constantFrom("png", "jpg", "bmp", "tif", "webp"),
});

async function open(): Promise<Subject<File>> {
  const folder = temporaryFolder();
  return {
    async tryOne({ bytes, extension }) {
      const path = join(folder, `p.${extension}`);
      writeFileSync(path, bytes);
      const verdicts = await Promise.all([
        verdictOf(async () => requireLength(await readRgb(path, size), 16 * 16 * 3)),
        verdictOf(async () => requireLength((await readMask(path, size)).pixels, 16 * 16)),
        verdictOf(async () => {
          const { width, height } = await imageSize(path);
          if (!(width > 0 && height > 0)) throw new Finding(`a picture of ${width} x ${height}`);
        }),
      ]);
      const isForeign = foreign.some((each) => each.equals(bytes));
      if (isForeign && verdicts.includes(TAKEN))
        throw new Finding("a format that is no picture's of a camera was read");
      return verdicts[0]!;
    },
    close: async () => undefined,
  };
}

async function verdictOf(work: () => Promise<void>): Promise<string> {
  try {
    await work();
    return TAKEN;
  } catch (error) {
    if (error instanceof CodedError) return requireCode(error.code);
    throw error;
  }
}

function requireLength(bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new Finding(`${bytes.length} bytes, not ${length}`);
}

export const images: FuzzKind<File> = { name: "images", inputs, limitMs: 5_000, open };
