/** Value noise without tables: a whole-number lattice of hashed values, joined smoothly. */

/** A fixed value in [0, 1) for each lattice point and seed. */
export function latticeValue(x: number, y: number, seed: number): number {
  let hash = Math.imul(x, 0x27d4eb2f) ^ Math.imul(y, 0x165667b1) ^ seed;
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967296;
}

/** Smooth noise in [0, 1), features about one unit wide. */
export function valueNoise(x: number, y: number, seed: number): number {
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const fx = x - x0;
  const fy = y - y0;
  const sx = fx * fx * (3 - 2 * fx);
  const sy = fy * fy * (3 - 2 * fy);
  const top = latticeValue(x0, y0, seed) * (1 - sx) + latticeValue(x0 + 1, y0, seed) * sx;
  const bottom = latticeValue(x0, y0 + 1, seed) * (1 - sx) + latticeValue(x0 + 1, y0 + 1, seed) * sx;
  return top * (1 - sy) + bottom * sy;
}
