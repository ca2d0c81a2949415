// IEEE 754 half precision and bfloat16, for weights on disk.

const SCRATCH = new DataView(new ArrayBuffer(4));

export function fromHalf(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, halfToFloat);
}

/** bfloat16 is the upper half of float32. */
export function fromBfloat(upperHalves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(upperHalves, (half) => half * 0x10000).buffer);
}

/** Rounds to nearest, ties to even; beyond the range becomes infinity. */
export function toHalf(floats: Float32Array): Uint16Array {
  return Uint16Array.from(floats, floatToHalf);
}

function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function floatToHalf(value: number): number {
  SCRATCH.setFloat32(0, value);
  const bits = SCRATCH.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundEven(magnitude * 2 ** 24);
  const exponent = ((bits >>> 23) & 0xff) - 127;
  return sign | (((exponent + 15) << 10) + roundEven((magnitude / 2 ** exponent - 1) * 1024));
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
