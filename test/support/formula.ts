import { crc32 } from "node:zlib";
import type { ParameterSpec, Weights } from "../../models/weights/weights.js";

/** Weights and a picture made by a formula (integer arithmetic modulo 2^32), so that parity needs no files. */

/** u in [-0.5, 0.5) for flat index i of the tensor whose prefixed name has this CRC-32. */
function formulaNumber(index: number, crc: number): number {
  let z = (Math.imul(index, 2654435761) + crc) >>> 0;
  z = Math.imul(z ^ (z >>> 16), 2246822519) >>> 0;
  z = (z ^ (z >>> 13)) >>> 0;
  return z / 2 ** 32 - 0.5;
}

function scaled(name: string, shape: readonly number[], u: number): number {
  if (name.endsWith("running_var")) return 1 + u;
  if (name.endsWith("running_mean")) return 0.2 * u;
  if (shape.length === 4) return u * 2 * Math.sqrt(3 / (shape[1]! * shape[2]! * shape[3]!)) * 1.2;
  if (shape.length === 2) return u * 2 * Math.sqrt(3 / shape[1]!);
  if (shape.length === 3) return 0.5 + 0.4 * u;
  return name.endsWith("weight") ? 1 + 0.4 * u : 0.2 * u;
}

/** @param prefix only for the hash: `teacher.` or nothing, where the names carry theirs already */
export function formulaWeights(specs: readonly ParameterSpec[], prefix: string): Weights {
  return new Map(
    specs.map(({ name, shape }) => {
      const crc = crc32(Buffer.from(prefix + name, "utf8"));
      const data = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
      for (let index = 0; index < data.length; index += 1) {
        data[index] = scaled(name, shape, formulaNumber(index, crc));
      }
      return [name, { shape, data }];
    }),
  );
}

/** uint8 [size, size, 3] */
export function formulaPicture(size: number): Uint8Array {
  const pixels = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      for (let c = 0; c < 3; c += 1) {
        const checks = 40 * ((Math.floor(x / 24) + Math.floor(y / 24)) % 2);
        pixels[(y * size + x) * 3 + c] = (37 * x + 17 * y + 91 * c + ((x * y) % 251) + checks) % 256;
      }
    }
  }
  return pixels;
}
