import fc from "fast-check";

/** Numbers at which lengths, sizes and offsets break. */
export const awkwardNumbers = [
  0,
  1,
  -1,
  127,
  128,
  255,
  256,
  32_767,
  65_535,
  65_536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53,
  2 ** 63,
  -(2 ** 31),
];

/** Names that JavaScript's objects know by themselves. */
export const awkwardNames = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", ""];

type Cut = (bytes: Buffer) => Buffer;

/** From 0 to 1, where in the bytes; the beginning, with its headers, more often. */
const place = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 0.05, noNaN: true }),
  fc.integer({ min: 0, max: 64 }).map((at) => -at),
);

function at(bytes: Buffer, where: number): number {
  return where < 0 ? Math.min(bytes.length, -where) : Math.floor(where * bytes.length);
}

const cut: fc.Arbitrary<Cut> = fc.oneof(
  fc.tuple(place, fc.nat(7)).map(
    ([where, bit]): Cut =>
      (bytes) =>
        set(bytes, at(bytes, where), (old) => old ^ (1 << bit)),
  ),
  fc.tuple(place, fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x20, 0x0a)).map(
    ([where, value]): Cut =>
      (bytes) =>
        set(bytes, at(bytes, where), () => value),
  ),
  fc.tuple(place, fc.constantFrom(...awkwardNumbers), fc.boolean()).map(
    ([where, value, big]): Cut =>
      (bytes) => {
        const from = at(bytes, where);
        if (from + 4 > bytes.length) return bytes;
        const changed = Buffer.from(bytes);
        if (big) changed.writeUInt32BE(value >>> 0, from);
        else changed.writeUInt32LE(value >>> 0, from);
        return changed;
      },
  ),
  place.map(
    (where): Cut =>
      (bytes) =>
        bytes.subarray(0, at(bytes, where)),
  ),
  fc.tuple(place, place).map(
    ([a, b]): Cut =>
      (bytes) => {
        const [from, to] = [at(bytes, a), at(bytes, b)].sort((x, y) => x - y) as [number, number];
        return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
      },
  ),
  fc.tuple(place, place).map(
    ([a, b]): Cut =>
      (bytes) => {
        const [from, to] = [at(bytes, a), at(bytes, b)].sort((x, y) => x - y) as [number, number];
        return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
      },
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 32 })).map(
    ([where, more]): Cut =>
      (bytes) => {
        const from = at(bytes, where);
        return Buffer.concat([bytes.subarray(0, from), more, bytes.subarray(from)]);
      },
  ),
);

function set(bytes: Buffer, index: number, value: (old: number) => number): Buffer {
  if (index >= bytes.length) return bytes;
  const changed = Buffer.from(bytes);
  changed[index] = value(changed[index]!);
  return changed;
}

/** Bytes that are right but for some places. */
export function damaged(originals: readonly Buffer[], most = 6): fc.Arbitrary<Buffer> {
  const cuts = fc.array(cut, { minLength: 1, maxLength: most });
  return fc
    .tuple(fc.constantFrom(...originals), cuts)
    .map(([original, each]) => each.reduce((bytes, one) => one(bytes), original));
}
