/** How defects look on metal. */
import type { Defect, Point, ScratchLine } from "./types.js";

/** Colour of one place, levels 0 to 255; shading changes it in place. */
export interface Colour {
  r: number;
  g: number;
  b: number;
}

/** Changes the metal's colour at a place; true where the defect is. */
export type DefectShader = (u: number, v: number, colour: Colour) => boolean;

/** Light falls from the upper left. */
export const towardsLight: Point = { u: -0.6, v: -0.8 };

/** The shader of a defect that lies on the surface; null for a missing feature, which is not drawn at all. */
export function defectShader(defect: Defect | null): DefectShader | null {
  if (defect === null || defect.type === "missing") return null;
  if (defect.type === "scratch") {
    const shaders = defect.lines.map(scratchShader);
    return (u, v, colour) => {
      let hit = false;
      for (const shader of shaders) hit = shader(u, v, colour) || hit;
      return hit;
    };
  }
  return defect.type === "stain" ? stainShader(defect) : dentShader(defect);
}

function scratchShader({ points, halfWidth, strength }: ScratchLine): DefectShader {
  const us = points.map(({ u }) => u);
  const vs = points.map(({ v }) => v);
  const reach = halfWidth + 3;
  const [left, right] = [Math.min(...us) - reach, Math.max(...us) + reach];
  const [top, bottom] = [Math.min(...vs) - reach, Math.max(...vs) + reach];
  return (u, v, colour) => {
    if (u < left || u > right || v < top || v > bottom) return false;
    let nearest = reach;
    for (let i = 1; i < points.length; i++) {
      const from = points[i - 1] as Point;
      const to = points[i] as Point;
      const [du, dv] = [to.u - from.u, to.v - from.v];
      const along = Math.min(1, Math.max(0, ((u - from.u) * du + (v - from.v) * dv) / (du * du + dv * dv)));
      const distance = Math.hypot(u - from.u - along * du, v - from.v - along * dv);
      if (distance < nearest) nearest = distance;
    }
    const core = Math.min(1, Math.max(0, halfWidth + 0.5 - nearest));
    // The burr thrown up beside the groove shades the other way.
    const burr = Math.min(1, Math.max(0, halfWidth + 2 - nearest)) - core;
    scale(colour, 1 + strength * core - 0.3 * strength * burr);
    return nearest < halfWidth + 0.7;
  };
}

function stainShader({ centre, radius, waves, opacity, colour: ink }: Defect & { type: "stain" }): DefectShader {
  return (u, v, colour) => {
    const [du, dv] = [u - centre.u, v - centre.v];
    const distance = Math.sqrt(du * du + dv * dv);
    if (distance > 1.8 * radius) return false;
    const angle = Math.atan2(dv, du);
    let edge = radius;
    for (let k = 0; k < waves.length; k++) {
      const { amount, phase } = waves[k] as (typeof waves)[number];
      edge += radius * amount * Math.cos((k + 2) * angle + phase);
    }
    const inside = Math.min(1, Math.max(0, (edge - distance) / 3 + 0.5));
    // Drying drives the dirt to the rim.
    const share = inside * opacity * (0.8 + 0.25 * (distance / edge) ** 4);
    colour.r += share * (ink[0] - colour.r);
    colour.g += share * (ink[1] - colour.g);
    colour.b += share * (ink[2] - colour.b);
    return inside > 0.3;
  };
}

function dentShader({ centre, radiusU, radiusV, angle, depth }: Defect & { type: "dent" }): DefectShader {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  // Light in the dent's own axes.
  const lightU = cos * towardsLight.u + sin * towardsLight.v;
  const lightV = cos * towardsLight.v - sin * towardsLight.u;
  const reach = 2 * Math.max(radiusU, radiusV);
  return (u, v, colour) => {
    const [du, dv] = [u - centre.u, v - centre.v];
    if (Math.abs(du) > reach || Math.abs(dv) > reach) return false;
    const a = (cos * du + sin * dv) / radiusU;
    const b = (cos * dv - sin * du) / radiusV;
    const square = a * a + b * b;
    const slope = (a * lightU + b * lightV) * Math.exp(-square);
    // A hollow: the side towards the light lies in shadow, the far side faces it.
    scale(colour, Math.max(0.25, 1 - 1.5 * depth * slope - 0.12 * depth * Math.exp(-2 * square)));
    return square < 2.5;
  };
}

export function scale(colour: Colour, factor: number): void {
  colour.r *= factor;
  colour.g *= factor;
  colour.b *= factor;
}
