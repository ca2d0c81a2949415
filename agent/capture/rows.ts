import type { Size } from "../types.js";

/**
 * The pixels of GStreamer's RGB picture without padding, [height, width, 3]: GStreamer rounds each row up to four bytes. They are the
 * buffer itself where there is nothing to remove. Throws RangeError where the buffer is too short.
 */
export function packRows(buffer: Uint8Array, { width, height }: Size): Uint8Array<ArrayBuffer> {
  const row = width * 3;
  const stride = Math.ceil(row / 4) * 4;
  if (buffer.length < stride * (height - 1) + row) {
    throw new RangeError(`a picture of ${buffer.length} bytes is not ${width} x ${height} RGB`);
  }
  if (stride === row && ownsItsMemory(buffer)) return new Uint8Array(buffer.buffer, 0, row * height);
  const packed = new Uint8Array(row * height);
  for (let y = 0; y < height; y += 1) packed.set(buffer.subarray(y * stride, y * stride + row), y * row);
  return packed;
}

function ownsItsMemory(buffer: Uint8Array): buffer is Uint8Array<ArrayBuffer> {
  return buffer.byteOffset === 0 && buffer.byteLength === buffer.buffer.byteLength;
}

/** A picture's rows, padded as GStreamer wants them. @param picture rows without padding */
export function padRows(picture: Uint8Array, { width, height }: Size, bytesPerPixel: number): Uint8Array {
  const row = width * bytesPerPixel;
  const stride = Math.ceil(row / 4) * 4;
  if (stride === row) return picture;
  const padded = new Uint8Array(stride * height);
  for (let y = 0; y < height; y += 1) padded.set(picture.subarray(y * row, (y + 1) * row), y * stride);
  return padded;
}
