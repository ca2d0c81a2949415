/** Defects as they look on metal. */
import type { Defect, Point, ScratchLine } from "./types.js";

/** Colour of one place, levels 0 to 255; shading changes it in place. */
export interface Colour {
  r: number;
  g: number;
  b: number;
}

/** Light falls from the upper left. */
export const TOWARDS_LIGHT: Point = { u: -0.6, v: -0.8 };

/**
 * Changes the metal's colour at a place. A missing feature changes nothing here: strip.ts leaves it out and shows the raw casting in
 * its place. (Plain functions over plain data: closures made anew for each part would be optimised anew, in pauses of ten milliseconds.)
 * @returns whether the defect is there
 */
export function shadeDefect(defect: Defect, u: number, v: number, colour: Colour): boolean {
  switch (defect.type) {
    case "scratch": {
      let hit = false;
      for (const line of defect.lines) hit = shadeScratch(line, u, v, colour) || hit;
      return hit;
    }
    case "stain":
      return shadeStain(defect, u, v, colour);
    case "dent":
      return shadeDent(defect, u, v, colour);
    case "missing":
      return false;
  }
}

/** How far beside its line a scratch still shows, in points. */
const SCRATCH_REACH = 6;

function shadeScratch(line: ScratchLine, u: number, v: number, colour: Colour): boolean {
  const { points, halfWidth, strength } = line;
  const middle = points[points.length >> 1]!;
  if (Math.abs(u - middle.u) > line.reach + SCRATCH_REACH || Math.abs(v - middle.v) > line.reach + SCRATCH_REACH)
    return false;
  let nearest = SCRATCH_REACH;
  for (let i = 1; i < points.length; i += 1) {
    const from = points[i - 1]!;
    const to = points[i]!;
    const du = to.u - from.u;
    const dv = to.v - from.v;
    const along = Math.min(1, Math.max(0, ((u - from.u) * du + (v - from.v) * dv) / (du * du + dv * dv)));
    const x = u - from.u - along * du;
    const y = v - from.v - along * dv;
    nearest = Math.min(nearest, Math.sqrt(x * x + y * y));
  }
  const core = Math.min(1, Math.max(0, halfWidth + 0.5 - nearest));
  // The burr thrown up beside the groove shades the other way.
  const burr = Math.min(1, Math.max(0, halfWidth + 2 - nearest)) - core;
  scale(colour, 1 + strength * core - 0.3 * strength * burr);
  return nearest < halfWidth + 0.7;
}

function shadeStain(stain: Defect & { type: "stain" }, u: number, v: number, colour: Colour): boolean {
  const { centre, radius, waves, opacity, colour: ink } = stain;
  const du = u - centre.u;
  const dv = v - centre.v;
  const distance = Math.sqrt(du * du + dv * dv);
  if (distance > 1.8 * radius) return false;
  const angle = Math.atan2(dv, du);
  let edge = radius;
  for (let k = 0; k < waves.length; k += 1) {
    const wave = waves[k] as (typeof waves)[number];
    edge += radius * wave.amount * Math.cos((k + 2) * angle + wave.phase);
  }
  const inside = Math.min(1, Math.max(0, (edge - distance) / 3 + 0.5));
  // Drying drives the dirt to the rim.
  const share = inside * opacity * (0.8 + 0.25 * (distance / edge) ** 4);
  colour.r += share * (ink[0] - colour.r);
  colour.g += share * (ink[1] - colour.g);
  colour.b += share * (ink[2] - colour.b);
  return inside > 0.3;
}

function shadeDent(dent: Defect & { type: "dent" }, u: number, v: number, colour: Colour): boolean {
  const { centre, radiusU, radiusV, angle, depth } = dent;
  const du = u - centre.u;
  const dv = v - centre.v;
  const reach = 2 * Math.max(radiusU, radiusV);
  if (Math.abs(du) > reach || Math.abs(dv) > reach) return false;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const a = (cos * du + sin * dv) / radiusU;
  const b = (cos * dv - sin * du) / radiusV;
  const square = a * a + b * b;
  // Slope against the light, in the dent's own axes.
  const lightU = cos * TOWARDS_LIGHT.u + sin * TOWARDS_LIGHT.v;
  const lightV = cos * TOWARDS_LIGHT.v - sin * TOWARDS_LIGHT.u;
  const slope = (a * lightU + b * lightV) * Math.exp(-square);
  // A hollow: the side towards the light lies in shadow, the far side faces it.
  scale(colour, Math.max(0.25, 1 - 1.5 * depth * slope - 0.12 * depth * Math.exp(-2 * square)));
  return square < 2.5;
}

export function scale(colour: Colour, factor: number): void {
  colour.r *= factor;
  colour.g *= factor;
  colour.b *= factor;
}
