/** Uncompressed Windows bitmaps: 1, 4 and 8 bits with a palette, 24 and 32 bits; rows from the bottom up or from the top down. */

const BITS = new Set([1, 4, 8, 24, 32]);
const UNCOMPRESSED = 0;
const BIT_FIELDS = 3;
const CORE_HEADER_BYTES = 12;

/**
 * The picture as RGB, uint8 [height, width, 3].
 * @param mostPixels a header may claim any size
 * @throws Error that says what is wrong
 */
export function decodeBmp(bytes: Buffer, mostPixels: number): { pixels: Uint8Array; width: number; height: number } {
  if (bytes.length < 54) throw new Error("the BMP header is cut short");
  const dataAt = bytes.readUInt32LE(10);
  const headerBytes = bytes.readUInt32LE(14);
  if (headerBytes === CORE_HEADER_BYTES) throw new Error("BMP of OS/2 is not supported");
  const width = bytes.readInt32LE(18);
  const signedHeight = bytes.readInt32LE(22);
  const height = Math.abs(signedHeight);
  const bits = bytes.readUInt16LE(28);
  const compression = bytes.readUInt32LE(30);
  const bitFields = compression === BIT_FIELDS && bits === 32;
  if ((compression !== UNCOMPRESSED && !bitFields) || !BITS.has(bits))
    throw new Error(`BMP with ${bits} bits and compression ${compression} is not supported`);
  if (bitFields && (bytes.readUInt32LE(54) !== 0xff0000 || bytes.readUInt32LE(58) !== 0xff00))
    throw new Error("BMP with unusual channel masks is not supported");
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (width <= 0 || height === 0 || dataAt + stride * height > bytes.length) throw new Error("the BMP is cut short");

  if (width * height > mostPixels) throw new Error(`it has ${width} x ${height} pixels, the limit is ${mostPixels}`);
  const pixels = new Uint8Array(width * height * 3);
  const palette = 14 + headerBytes;
  for (let y = 0; y < height; y += 1) {
    // A positive height means that the last row comes first.
    const row = dataAt + stride * (signedHeight > 0 ? height - 1 - y : y);
    for (let x = 0; x < width; x += 1) {
      const at = bits <= 8 ? palette + 4 * paletteIndex(bytes, row, x, bits) : row + (x * bits) / 8;
      const to = (y * width + x) * 3;
      pixels[to] = bytes[at + 2]!;
      pixels[to + 1] = bytes[at + 1]!;
      pixels[to + 2] = bytes[at]!;
    }
  }
  return { pixels, width, height };
}

/** The highest bits of a byte are the leftmost pixel. */
function paletteIndex(bytes: Buffer, row: number, x: number, bits: number): number {
  const bit = x * bits;
  return (bytes[row + (bit >> 3)]! >> (8 - bits - (bit & 7))) & ((1 << bits) - 1);
}
