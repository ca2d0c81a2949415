/** CRC-32C (Castagnoli), four bytes at a time: [table][byte], after Intel's slicing-by-4. */
const tables = ((): readonly Uint32Array[] => {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    return crc;
  });
  const made = [first];
  for (let n = 1; n < 4; n += 1) {
    made.push(made[n - 1]!.map((crc) => first[crc & 0xff]! ^ (crc >>> 8)));
  }
  return made;
})();
const [t0, t1, t2, t3] = tables as readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array];

/** The CRC of the bytes. @param crc of the bytes before them, to go on from */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  let state = ~crc;
  const even = bytes.length & ~3;
  let at = 0;
  for (; at < even; at += 4) {
    state ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    state = t3[state & 0xff]! ^ t2[(state >>> 8) & 0xff]! ^ t1[(state >>> 16) & 0xff]! ^ t0[state >>> 24]!;
  }
  for (; at < bytes.length; at += 1) state = t0[(state ^ bytes[at]!) & 0xff]! ^ (state >>> 8);
  return ~state >>> 0;
}

/** The form in which LevelDB writes a CRC into its files: a CRC over bytes that hold a plain one would be of little use. */
export function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
