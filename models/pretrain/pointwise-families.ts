/**
 * Families of pictures given by a formula for each point. `fixed` draws what all pictures of a class share, `varied`
 * what differs within it. Coordinates: the picture is about 2 wide around the origin, already turned and scaled.
 */
import type { Random } from "../random.js";
import { latticeValue, valueNoise } from "./noise.js";

/** A value, about 0 to 1, for a point. */
export type Field = (u: number, v: number) => number;
export type Family = (fixed: Random, varied: Random) => Field;

const TAU = 2 * Math.PI;

/** Two or three plane waves at angles and frequencies of the class; squared off in some classes. */
export const gratings: Family = (fixed, varied) => {
  const waves = Array.from({ length: 2 + fixed.int(2) }, () => {
    const angle = fixed.between(0, Math.PI);
    const frequency = fixed.between(5, 28);
    return { x: frequency * Math.cos(angle), y: frequency * Math.sin(angle), phase: varied.between(0, TAU) };
  });
  const sharpness = fixed.pick([0.5, 1, 3]);
  return (u, v) => {
    let sum = 0;
    for (const wave of waves) sum += Math.sin(wave.x * u + wave.y * v + wave.phase);
    return 0.5 + 0.5 * Math.tanh(sharpness * sum);
  };
};

/** Octaves of noise: cloudy to gritty, even to brushed. */
export const noise: Family = (fixed, varied) => {
  const frequency = fixed.between(2, 9);
  const persistence = fixed.between(0.35, 0.85);
  const stretch = fixed.pick([1, 1, 3, 8]);
  const ridged = fixed.next() < 0.4;
  const seed = varied.int(2 ** 31);
  return (u, v) => {
    let sum = 0;
    let total = 0;
    let weight = 1;
    let scale = frequency;
    for (let octave = 0; octave < 4; octave += 1) {
      const value = valueNoise(u * scale, v * scale * stretch, seed + octave);
      sum += weight * (ridged ? 1 - Math.abs(2 * value - 1) : value);
      total += weight;
      weight *= persistence;
      scale *= 2.1;
    }
    return 1.6 * (sum / total) - 0.3;
  };
};

/** Cells around scattered points: filled flat, shaded by distance, or only their walls. */
export const cells: Family = (fixed, varied) => {
  const density = fixed.between(2, 8);
  const looks = fixed.pick(["flat", "distance", "walls"] as const);
  const jitter = fixed.between(0.3, 1);
  const diamond = fixed.next() < 0.4;
  const seed = varied.int(2 ** 31);
  return (u, v) => {
    const x = u * density;
    const y = v * density;
    const x0 = Math.floor(x);
    const y0 = Math.floor(y);
    let nearest = 9;
    let second = 9;
    let owner = 0;
    for (let cy = y0 - 1; cy <= y0 + 1; cy += 1)
      for (let cx = x0 - 1; cx <= x0 + 1; cx += 1) {
        const dx = Math.abs(cx + 0.5 + jitter * (latticeValue(cx, cy, seed) - 0.5) - x);
        const dy = Math.abs(cy + 0.5 + jitter * (latticeValue(cx, cy, seed + 1) - 0.5) - y);
        const distance = diamond ? dx + dy : Math.sqrt(dx * dx + dy * dy);
        if (distance < nearest) {
          second = nearest;
          nearest = distance;
          owner = latticeValue(cx, cy, seed + 2);
        } else if (distance < second) second = distance;
      }
    if (looks === "flat") return owner;
    return looks === "distance" ? nearest : Math.min(1, 5 * (second - nearest));
  };
};

/** A lattice of dots, rings, bars or crosses, straight or staggered. */
export const lattice: Family = (fixed, varied) => {
  const density = fixed.between(2.5, 9);
  const shape = fixed.int(4);
  const radius = fixed.between(0.18, 0.4);
  const stagger = fixed.pick([0, 0.5]);
  const [du, dv] = [varied.next(), varied.next()];
  const missing = varied.between(0, 0.1);
  const seed = varied.int(2 ** 31);
  return (u, v) => {
    const y = v * density + dv;
    const row = Math.floor(y);
    const x = u * density + du + stagger * (row & 1);
    const column = Math.floor(x);
    if (latticeValue(column, row, seed) < missing) return 0;
    const px = Math.abs(x - column - 0.5);
    const py = Math.abs(y - row - 0.5);
    const round = Math.sqrt(px * px + py * py);
    const distance = [
      round,
      Math.abs(round - radius) + 0.7 * radius,
      Math.max(2.5 * px, py),
      Math.min(px, py) + 0.6 * radius,
    ][shape] as number;
    return Math.min(1, Math.max(0, 0.5 + 12 * (radius - distance)));
  };
};

/** Rings and spirals, also with petals. */
export const spirals: Family = (fixed, varied) => {
  const frequency = fixed.between(8, 30);
  const arms = fixed.int(7);
  const power = fixed.pick([0.6, 1, 1.6]);
  const sharpness = fixed.pick([0.8, 3]);
  const [x, y, phase] = [varied.between(-0.4, 0.4), varied.between(-0.4, 0.4), varied.between(0, TAU)];
  return (u, v) => {
    const radius = Math.hypot(u - x, v - y);
    const turn = arms === 0 ? 0 : arms * Math.atan2(v - y, u - x);
    return 0.5 + 0.5 * Math.tanh(sharpness * Math.sin(frequency * radius ** power + turn + phase));
  };
};

/** Stripes bent by noise: wood, marble, fingerprints. */
export const marble: Family = (fixed, varied) => {
  const frequency = fixed.between(5, 22);
  const warp = fixed.between(0.5, 5);
  const grain = fixed.between(1.5, 5);
  const folded = fixed.next() < 0.5;
  const seed = varied.int(2 ** 31);
  return (u, v) => {
    const bend = valueNoise(u * grain, v * grain, seed) + 0.5 * valueNoise(2 * u * grain, 2 * v * grain, seed + 1);
    const wave = Math.sin(frequency * u + warp * TAU * bend);
    return folded ? Math.abs(wave) : 0.5 + 0.5 * wave;
  };
};

/** Nested outlines that the superformula gives: rounded polygons, stars and flowers. */
export const outlines: Family = (fixed, varied) => {
  const corners = 2 + fixed.int(9);
  const depth = fixed.between(0.05, 0.5);
  const rings = fixed.between(1, 7);
  const pointed = fixed.next() < 0.5;
  const filled = fixed.next() < 0.5;
  const [x, y, phase] = [varied.between(-0.3, 0.3), varied.between(-0.3, 0.3), varied.between(0, TAU)];
  return (u, v) => {
    const angle = corners * Math.atan2(v - y, u - x) + phase;
    const bulge = pointed ? Math.abs(Math.sin(angle / 2)) : 0.5 + 0.5 * Math.cos(angle);
    const radius = Math.hypot(u - x, v - y) / (1 - depth * bulge);
    if (filled) return radius < 0.75 ? 0.4 + 0.6 * ((rings * radius) % 1) : 0;
    return Math.abs(((rings * radius) % 1) - 0.5) < 0.15 ? 1 : 0.1;
  };
};

/** Threads over and under each other. */
export const weave: Family = (fixed, varied) => {
  const density = fixed.between(4, 14);
  const step = 1 + fixed.int(4);
  const roundness = fixed.between(0.4, 1);
  const ratio = fixed.pick([1, 1.6]);
  const [du, dv] = [varied.next(), varied.next()];
  return (u, v) => {
    const x = u * density + du;
    const y = v * density * ratio + dv;
    const over = (((Math.floor(x) + step * Math.floor(y)) % (step + 1)) + step + 1) % (step + 1) === 0;
    const across = over ? x - Math.floor(x) : y - Math.floor(y);
    return (over ? 0.45 : 0) + 0.55 * (1 - roundness * (2 * across - 1) ** 2);
  };
};
