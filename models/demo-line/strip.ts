/** Draws a part on its belt, as it is before light and sensor change it. */
import { type Colour, scale, shadeDefect, TOWARDS_LIGHT } from "./defect-shading.js";
import { BOSS, HOLE, holeDistance, inked, inMark, PLATE, plateDistance, RIB, ribDistance } from "./plate.js";
import type { Textures } from "./textures.js";
import type { Defect, Part, Size } from "./types.js";

/** A piece of belt with one part, wider than the frame by `travel` pixels so that it can move through the picture. */
export interface Strip {
  readonly size: Size;
  /** RGB, [height, width, 3]. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** [height, width], 1 where the defect is. */
  readonly mask: Uint8Array<ArrayBuffer>;
  /** Draws some more rows; true once all are drawn. Lets a caller spread the work over several frames. */
  draw(rows: number): boolean;
}

export function createStrip(part: Part, frame: Size, travel: number, textures: Textures): Strip {
  const width = frame.width + travel;
  const { height } = frame;
  const pixels = new Uint8Array(width * height * 3);
  const mask = new Uint8Array(width * height);
  const scaleToPoints = 256 / Math.min(frame.width, height);
  const [cos, sin] = [Math.cos(part.angle), Math.sin(part.angle)];
  const colour: Colour = { r: 0, g: 0, b: 0 };
  let done = 0;

  const drawRow = (row: number): void => {
    const y = (row + 0.5 - height / 2) * scaleToPoints - part.shift.v;
    for (let column = 0; column < width; column += 1) {
      const x = (column + 0.5 - width / 2) * scaleToPoints - part.shift.u;
      const u = cos * x + sin * y;
      const v = cos * y - sin * x;
      const at = row * width + column;
      if (shadePlace(u, v, x, y, part, scaleToPoints, textures, colour)) mask[at] = 1;
      pixels[3 * at] = clamp(colour.r);
      pixels[3 * at + 1] = clamp(colour.g);
      pixels[3 * at + 2] = clamp(colour.b);
    }
  };

  return {
    size: { width, height },
    pixels,
    mask,
    draw(rows) {
      const end = Math.min(height, done + rows);
      for (; done < end; done += 1) drawRow(done);
      return done === height;
    },
  };
}

/** Sets the colour at one place (u, v on the part, x, y on the belt). @returns whether the defect is there */
function shadePlace(
  u: number,
  v: number,
  x: number,
  y: number,
  part: Part,
  pixel: number,
  textures: Textures,
  colour: Colour,
): boolean {
  const edge = plateDistance(u, v);
  const cover = Math.min(1, Math.max(0, 0.5 - edge / pixel));
  let beltLevel = 50 + textures.belt(x + part.beltShift.u, y + part.beltShift.v);
  if (cover < 1 && edge < 24) {
    // The plate's shadow falls to the lower right.
    const shadow = plateDistance(u - 4, v - 6);
    if (shadow < 9) beltLevel *= 1 - 0.6 * Math.min(1, Math.max(0, (9 - shadow) / 13));
  }
  colour.r = 0.9 * beltLevel;
  colour.g = beltLevel;
  colour.b = 1.08 * beltLevel;
  if (cover === 0) return false;

  const [r, g, b] = [colour.r, colour.g, colour.b];
  const hit = shadeMetal(u, v, edge, part, pixel, textures, colour);
  colour.r = r + cover * (colour.r - r);
  colour.g = g + cover * (colour.g - g);
  colour.b = b + cover * (colour.b - b);
  return hit && cover > 0.5;
}

function shadeMetal(
  u: number,
  v: number,
  edge: number,
  part: Part,
  pixel: number,
  textures: Textures,
  colour: Colour,
): boolean {
  const { defect } = part;
  const radius = Math.sqrt(u * u + v * v);
  // The boss is turned on a lathe: its grain runs around.
  const grain = radius < BOSS.radius ? textures.brush(0, 2.2 * radius, part.grain) : textures.brush(u, v, part.grain);
  const gloss = Math.max(0, 1 - Math.abs(u - part.glossAt) / 75);
  let level = part.tone * (1 + 0.12 * gloss * gloss) + 5.5 * grain;

  const lit = radius > 0 ? (u * TOWARDS_LIGHT.u + v * TOWARDS_LIGHT.v) / radius : 0;
  level *= 1 + 0.4 * lit * bump(radius - BOSS.radius, 4) - 0.3 * lit * bump(radius - BOSS.bore - 2, 3);
  if (edge > -5) level *= 1 + 0.3 * bevel(u, v) * (1 + edge / 5);

  const missing = missingFeature(defect, u, v);
  if (missing !== "rib") {
    const distance = ribDistance(u, v);
    if (distance < 0) level *= 1.06 - (0.4 * (u - RIB.u)) / RIB.halfWidth;
    else if (distance < 5 && u > RIB.u) level *= 0.68 + 0.064 * distance;
  }
  colour.r = level;
  colour.g = 1.01 * level;
  colour.b = 1.03 * level;
  if (missing !== "mark" && inMark(u, v) && inked(u, v)) scale(colour, 0.3);

  if (missing !== null) shadeRaw(u, v, textures, colour);

  const hit = defect !== null && shadeDefect(defect, u, v, colour);

  const holeEdge = missing === "hole" ? 99 : holeDistance(u, v);
  const boreEdge = radius - BOSS.bore;
  const opening = Math.min(holeEdge, boreEdge);
  if (opening < 3) {
    if (holeEdge < 3) scale(colour, 1 - 0.25 * holeLit(u, v) * bump(holeEdge - 1.5, 2.5));
    const open = Math.min(1, Math.max(0, 0.5 - opening / pixel));
    // Deep and dark, a little less so where light gets in, at the lower right.
    const depth = 20 + 8 * Math.max(0, -lit) + 0.8 * textures.belt(u, v);
    colour.r += open * (0.9 * depth - colour.r);
    colour.g += open * (depth - colour.g);
    colour.b += open * (1.05 * depth - colour.b);
    if (open > 0.5) return false;
  }
  return hit || missing !== null;
}

/** A place that was never machined or printed on: the cast skin, dull, rusty and rough instead of brushed. */
function shadeRaw(u: number, v: number, textures: Textures, colour: Colour): void {
  const rough = textures.belt(5.3 * u + 1.7 * v, 4.7 * v - 3.1 * u);
  scale(colour, 0.62 + 0.03 * rough);
  colour.r *= 1.12;
  colour.b *= 0.86;
}

/** The feature that should be at a place and is missing, null when none is. */
function missingFeature(defect: Defect | null, u: number, v: number): "mark" | "rib" | "hole" | null {
  if (defect?.type !== "missing") return null;
  const { feature, corner } = defect;
  if (feature === "mark") return inMark(u, v) ? "mark" : null;
  if (feature === "rib") return ribDistance(u, v) < 5 ? "rib" : null;
  return u * corner.u > 0 && v * corner.v > 0 && holeDistance(u, v) < 3 ? "hole" : null;
}

/** How much the plate's rounded edge faces the light at a place, -1 to 1. */
function bevel(u: number, v: number): number {
  const x = Math.max(0, Math.abs(u) - PLATE.halfWidth + PLATE.corner) * Math.sign(u);
  const y = Math.max(0, Math.abs(v) - PLATE.halfHeight + PLATE.corner) * Math.sign(v);
  const length = Math.sqrt(x * x + y * y);
  return length > 0 ? (x * TOWARDS_LIGHT.u + y * TOWARDS_LIGHT.v) / length : 0;
}

function holeLit(u: number, v: number): number {
  const x = u - HOLE.u * Math.sign(u);
  const y = v - HOLE.v * Math.sign(v);
  return (x * TOWARDS_LIGHT.u + y * TOWARDS_LIGHT.v) / Math.max(1, Math.sqrt(x * x + y * y));
}

/** A triangle: 1 at distance 0, 0 from `width` on. */
function bump(distance: number, width: number): number {
  return Math.max(0, 1 - Math.abs(distance) / width);
}

function clamp(level: number): number {
  return Math.min(255, Math.max(0, level));
}
