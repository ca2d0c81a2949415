/** Uncompressed Windows bitmaps: 8 bit (palette), 24 and 32 bit, bottom-up or top-down. */

/** The picture as RGB, [height, width, 3]. Throws a plain Error that says what is wrong. */
export function decodeBmp(bytes: Buffer): { pixels: Uint8Array; width: number; height: number } {
  if (bytes.length < 54) throw new Error("the BMP header is cut short");
  const dataAt = bytes.readUInt32LE(10);
  const headerLength = bytes.readUInt32LE(14);
  const width = bytes.readInt32LE(18);
  const signedHeight = bytes.readInt32LE(22);
  const height = Math.abs(signedHeight);
  const bits = bytes.readUInt16LE(28);
  const compression = bytes.readUInt32LE(30);
  const bitFields = compression === 3 && bits === 32;
  if ((compression !== 0 && !bitFields) || (bits !== 8 && bits !== 24 && bits !== 32))
    throw new Error(`BMP with ${bits} bits and compression ${compression} is not supported`);
  if (bitFields && (bytes.readUInt32LE(54) !== 0xff0000 || bytes.readUInt32LE(58) !== 0xff00))
    throw new Error("BMP with unusual channel masks is not supported");
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (width <= 0 || height === 0 || dataAt + stride * height > bytes.length) throw new Error("the BMP is cut short");

  const pixels = new Uint8Array(width * height * 3);
  const palette = 14 + headerLength;
  for (let y = 0; y < height; y++) {
    // A positive height means that the last row comes first.
    const row = dataAt + stride * (signedHeight > 0 ? height - 1 - y : y);
    for (let x = 0; x < width; x++) {
      const at = bits === 8 ? palette + 4 * (bytes[row + x] as number) : row + (x * bits) / 8;
      const to = (y * width + x) * 3;
      pixels[to] = bytes[at + 2] as number;
      pixels[to + 1] = bytes[at + 1] as number;
      pixels[to + 2] = bytes[at] as number;
    }
  }
  return { pixels, width, height };
}
