/**
 * Pictures made by formulas, to pretrain a teacher without anybody's photographs (formula-driven supervised learning,
 * Kataoka et al., ACCV 2020). A class is a family of patterns with fixed parameters; telling the classes apart under
 * change of pose, colour and light makes the network learn edges, textures and shapes.
 */
import { createRandom, type Random, seedOf } from "../random.js";
import { type Canvas, type DrawnFamily, fractal, polygons, strokes } from "./drawn-families.js";
import {
  cells,
  type Family,
  gratings,
  lattice,
  marble,
  noise,
  outlines,
  spirals,
  weave,
} from "./pointwise-families.js";

type AnyFamily = { readonly pointwise: Family } | { readonly drawn: DrawnFamily };

const FAMILIES: readonly AnyFamily[] = [
  ...[gratings, noise, cells, lattice, spirals, marble, outlines, weave].map((pointwise) => ({ pointwise })),
  ...[fractal, strokes, polygons].map((drawn) => ({ drawn })),
];

/** The number of classes that pretraining uses. More can be drawn; they are harder to tell apart. */
export const FORMULA_CLASSES = 12 * FAMILIES.length;

/**
 * One picture of a class: RGB, [size, size, 3]. The same arguments always give the same picture; different seeds give
 * other poses, colours, light and details of the same class.
 */
export function formulaImage(classId: number, seed: number, size: number): Uint8Array<ArrayBuffer> {
  const family = FAMILIES[classId % FAMILIES.length] as AnyFamily;
  const fixed = createRandom(seedOf(0xc1a55, classId));
  const varied = createRandom(seedOf(0x5eed, classId, seed));
  const values = new Float32Array(size * size);

  const angle = varied.between(-0.45, 0.45);
  const zoom = varied.between(0.8, 1.25);
  const [shiftU, shiftV] = [varied.between(-0.15, 0.15), varied.between(-0.15, 0.15)];
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  if ("pointwise" in family) {
    const field = family.pointwise(fixed, varied);
    const unit = 2 / size / zoom;
    for (let y = 0; y < size; y += 1) {
      const dy = (y - size / 2) * unit;
      for (let x = 0; x < size; x += 1) {
        const dx = (x - size / 2) * unit;
        values[y * size + x] = field(cos * dx - sin * dy + shiftU, sin * dx + cos * dy + shiftV);
      }
    }
  } else {
    const scale = (zoom * size) / 2;
    const canvas: Canvas = {
      values,
      side: size,
      scale,
      toPixel: (u, v) => [
        size / 2 + scale * (cos * u + sin * v + shiftU),
        size / 2 + scale * (cos * v - sin * u + shiftV),
      ],
    };
    family.drawn(fixed, varied, canvas);
  }
  return colour(values, size, fixed, varied);
}

/** Colours the values along three stops. Their hues are near the class's but vary, so that colour alone never gives the class away. */
function colour(values: Float32Array, size: number, fixed: Random, varied: Random): Uint8Array<ArrayBuffer> {
  const stops = [0, 0.5, 1].map((_, i) => {
    const hue = fixed.next() + 0.35 * varied.normal();
    const saturation = varied.between(0, 0.8);
    // The stops go from dark to bright, or the other way round: the pattern shows in grey, too.
    return hsv(hue, saturation, [0.12, 0.5, 0.9][i] as number, varied);
  });
  if (varied.next() < 0.4) stops.reverse();
  const [first, middle, last] = stops as [number[], number[], number[]];
  const gain = varied.between(0.75, 1.1);
  const [tiltX, tiltY] = [varied.between(-0.3, 0.3) / size, varied.between(-0.3, 0.3) / size];
  const grain = varied.between(0, 14);

  const pixels = new Uint8Array(size * size * 3);
  for (let at = 0; at < values.length; at += 1) {
    const value = Math.min(1, Math.max(0, values[at] as number));
    const [from, to, share] = value < 0.5 ? [first, middle, 2 * value] : [middle, last, 2 * value - 1];
    const x = at % size;
    const light = gain * (1 + tiltX * (x - size / 2) + tiltY * ((at - x) / size - size / 2));
    const speck = grain * (varied.next() + varied.next() - 1);
    for (let c = 0; c < 3; c += 1) {
      const level = light * ((from[c] as number) * (1 - share) + (to[c] as number) * share) + speck;
      pixels[3 * at + c] = Math.min(255, Math.max(0, level));
    }
  }
  return pixels;
}

function hsv(hue: number, saturation: number, value: number, varied: Random): number[] {
  const level = Math.min(1, Math.max(0.03, value + varied.between(-0.15, 0.15)));
  return [5, 3, 1].map((offset) => {
    const k = (((offset + 6 * hue) % 6) + 6) % 6;
    return 255 * level * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  });
}
