import { crc32, deflateSync } from "node:zlib";
import type { Size } from "../../agent/types.js";

const SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");

/**
 * The bytes of a PNG file.
 * @param pixels RGB, [size.height, size.width, 3]; fewer where the file is to claim more than it has
 */
export function pngOf(pixels: Uint8Array, { width, height }: Size): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits a sample, RGB.
  header.set([8, 2], 8);
  const rows: Buffer[] = [];
  for (let at = 0; at < pixels.length; at += 3 * width) {
    // No filter.
    rows.push(Buffer.of(0), Buffer.from(pixels.subarray(at, at + 3 * width)));
  }
  const data = deflateSync(Buffer.concat(rows));
  return Buffer.concat([SIGNATURE, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
