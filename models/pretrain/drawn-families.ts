/** Families of pictures drawn stroke by stroke; see pointwise-families for `fixed` and `varied`. */
import type { Random } from "../random.js";

/** The picture that is drawn on, and the pose that turns units into pixels. */
export interface Canvas {
  /** [side, side], 0 to 1. */
  readonly values: Float32Array;
  readonly side: number;
  /** Column and row of a point; the picture is about 2 units wide around the origin. */
  toPixel(u: number, v: number): readonly [number, number];
  /** Pixels a unit. */
  readonly scale: number;
}

export type DrawnFamily = (fixed: Random, varied: Random, canvas: Canvas) => void;

/** Fractals of iterated affine maps, drawn by the chaos game. */
export const fractal: DrawnFamily = (fixed, varied, canvas) => {
  const maps = Array.from({ length: 3 + fixed.int(2) }, () => {
    const angle = fixed.between(0, 2 * Math.PI);
    const [scaleU, scaleV] = [fixed.between(0.35, 0.7), fixed.between(0.35, 0.7)];
    // The maps are the class's; each picture turns and moves them a little.
    const turn = angle + varied.between(-0.08, 0.08);
    return {
      a: scaleU * Math.cos(turn),
      b: -scaleV * Math.sin(turn),
      c: scaleU * Math.sin(turn),
      d: scaleV * Math.cos(turn),
      e: fixed.between(-0.55, 0.55) + varied.between(-0.03, 0.03),
      f: fixed.between(-0.55, 0.55) + varied.between(-0.03, 0.03),
    };
  });
  let u = 0;
  let v = 0;
  const { side, values } = canvas;
  for (let i = 0; i < side * 110; i += 1) {
    const { a, b, c, d, e, f } = maps[varied.int(maps.length)] as (typeof maps)[number];
    [u, v] = [a * u + b * v + e, c * u + d * v + f];
    const [x, y] = canvas.toPixel(u, v);
    if (x < 0 || y < 0 || x >= side || y >= side) continue;
    const at = Math.floor(y) * side + Math.floor(x);
    values[at] = Math.min(1, (values[at] as number) + 0.3);
  }
};

/** Scattered strokes: fibres, hairs, grass; length, bend and thickness are the class's. */
export const strokes: DrawnFamily = (fixed, varied, canvas) => {
  const length = fixed.between(0.15, 1);
  const bend = fixed.between(-5, 5);
  const width = fixed.between(0.008, 0.045);
  const spread = fixed.pick([0.15, 0.6, Math.PI]);
  const count = Math.round(fixed.between(10, 22) / (0.25 + length));
  for (let i = 0; i < count; i += 1) {
    let [u, v] = [varied.between(-1, 1), varied.between(-1, 1)];
    let angle = varied.between(-spread, spread);
    const strength = varied.between(0.4, 1);
    const step = Math.max(1 / canvas.scale, width * 0.7);
    for (let done = 0; done < length; done += step) {
      stamp(canvas, u, v, width, strength);
      u += step * Math.cos(angle);
      v += step * Math.sin(angle);
      angle += bend * step;
    }
  }
};

/** Overlapping regular polygons and stars, filled or as frames. */
export const polygons: DrawnFamily = (fixed, varied, canvas) => {
  const corners = 3 + fixed.int(6);
  const dent = fixed.pick([1, 1, 0.45]);
  const frame = fixed.pick([0, 0, 0.72]);
  const radius = fixed.between(0.15, 0.5);
  const count = Math.round(fixed.between(1.2, 2.2) / radius);
  for (let i = 0; i < count; i += 1) {
    const [u, v] = [varied.between(-0.9, 0.9), varied.between(-0.9, 0.9)];
    const size = radius * varied.between(0.7, 1.3);
    const [turn, value] = [varied.between(0, 7), varied.between(0.35, 1)];
    fillStar(canvas, { u, v, radius: size, corners, dent, frame, turn, value });
  }
};

interface Star {
  readonly u: number;
  readonly v: number;
  readonly radius: number;
  readonly corners: number;
  /** Distance of the middle of a side from the centre, per radius; 1: the sides are straight. */
  readonly dent: number;
  /** Left empty inside, per radius; 0: filled. */
  readonly frame: number;
  /** Radians. */
  readonly turn: number;
  readonly value: number;
}

function fillStar(canvas: Canvas, { u, v, radius, corners, dent, frame, turn, value }: Star): void {
  const { side, values, scale } = canvas;
  const [cx, cy] = canvas.toPixel(u, v);
  const reach = Math.ceil(radius * scale);
  const sector = Math.PI / corners;
  const apothem = Math.cos(sector);
  for (let y = Math.max(0, Math.floor(cy) - reach); y <= Math.min(side - 1, cy + reach); y += 1)
    for (let x = Math.max(0, Math.floor(cx) - reach); x <= Math.min(side - 1, cx + reach); x += 1) {
      const distance = Math.hypot(x - cx, y - cy) / (radius * scale);
      if (distance > 1) continue;
      // The angle from the middle of the nearest side (0) to the corner (sector).
      const angle = Math.abs(
        ((((Math.atan2(y - cy, x - cx) + turn) % (2 * sector)) + 2 * sector) % (2 * sector)) - sector,
      );
      const edge = dent === 1 ? apothem / Math.cos(angle) : dent + (1 - dent) * (angle / sector);
      const inside = distance / edge;
      if (inside <= 1 && inside >= frame) values[y * side + x] = value;
    }
}

/** Draws a dot with a soft edge. */
function stamp(canvas: Canvas, u: number, v: number, width: number, strength: number): void {
  const { side, values, scale } = canvas;
  const [cx, cy] = canvas.toPixel(u, v);
  const radius = Math.max(0.7, width * scale);
  for (let y = Math.max(0, Math.ceil(cy - radius)); y <= Math.min(side - 1, cy + radius); y += 1)
    for (let x = Math.max(0, Math.ceil(cx - radius)); x <= Math.min(side - 1, cx + radius); x += 1) {
      const share = strength * Math.min(1, 1.2 * (radius + 0.5 - Math.hypot(x - cx, y - cy)));
      const at = y * side + x;
      if (share > (values[at] as number)) values[at] = share;
    }
}
