/** Parts, their defects and their light, drawn by chance; nothing else of the demo line is left to chance but the sensor's noise. */
import type { Random } from "../random.js";
import { HOLE, isOpenMetal, PLATE } from "./plate.js";
import type { Defect, DefectType, Light, Part, Point, ScratchLine } from "./types.js";

const STAIN_COLOURS = [
  [70, 48, 26], // oil
  [112, 62, 34], // rust
  [58, 78, 104], // coolant
  [44, 42, 40], // soot
] as const;

/** How far a part's centre may lie from the frame's, in points. */
export const SPREAD = 6;

export function describePart(random: Random, defect: DefectType | null): Part {
  return {
    angle: random.between(-0.05, 0.05),
    shift: { u: random.between(-SPREAD, SPREAD), v: random.between(-SPREAD, SPREAD) },
    tone: random.between(150, 172),
    glossAt: random.between(-90, 90),
    grain: random.int(1 << 20),
    beltShift: { u: random.int(256), v: random.int(256) },
    defect: defect === null ? null : describeDefect(random, defect),
  };
}

export function describeLight(random: Random): Light {
  return {
    gain: random.between(0.88, 1.12),
    tiltX: random.between(-0.12, 0.12),
    tiltY: random.between(-0.12, 0.12),
    noise: random.between(1.5, 3),
  };
}

export function describeDefect(random: Random, type: DefectType): Defect {
  if (type === "scratch") {
    // A tool that slips leaves one line, or two or three side by side.
    const first = scratchLine(random);
    const lines = [first];
    const more = random.int(3);
    for (let i = 1; i <= more; i += 1) {
      const [du, dv] = [random.between(5, 9) * i, random.between(-7, 7)];
      lines.push({ ...first, points: first.points.map(({ u, v }) => ({ u: u + du, v: v + dv })) });
    }
    return { type, lines };
  }
  if (type === "stain")
    return {
      type,
      centre: openPlace(random, 16),
      radius: random.between(16, 30),
      waves: Array.from({ length: 4 }, (_, i) => ({
        amount: random.between(0.04, 0.26) / (i + 1),
        phase: random.between(0, 7),
      })),
      opacity: random.between(0.5, 0.8),
      colour: random.pick(STAIN_COLOURS),
    };
  if (type === "dent")
    return {
      type,
      centre: openPlace(random, 14),
      radiusU: random.between(13, 22),
      radiusV: random.between(11, 19),
      angle: random.between(0, Math.PI),
      depth: random.between(0.75, 1.15),
    };
  const sign = (): number => (random.next() < 0.5 ? -1 : 1);
  return { type, feature: random.pick(["mark", "rib", "hole"] as const), corner: { u: sign(), v: sign() } };
}

function scratchLine(random: Random): ScratchLine {
  const start = openPlace(random, 12);
  // Towards the plate's middle, so that the line stays on it, but never along the brushing, where it would hide.
  const inward = Math.atan2(-start.v, -start.u);
  let angle = inward + random.between(-0.7, 0.7);
  if (Math.abs(Math.sin(angle)) < 0.3) angle += 0.5;
  const bend = random.between(-0.12, 0.12);
  const step = random.between(60, 120) / 6;
  const points: Point[] = [start];
  for (let i = 0; i < 6; i += 1) {
    const last = points[i]!;
    points.push({ u: last.u + step * Math.cos(angle), v: last.v + step * Math.sin(angle) });
    angle += bend + random.between(-0.08, 0.08);
  }
  return { points, reach: 3 * step + 1, halfWidth: random.between(1.7, 2.8), strength: sharp(random) };
}

/** A scratch's strength: that of bright bare metal or of a dark groove, nothing in between. */
function sharp(random: Random): number {
  return random.next() < 0.4 ? random.between(0.35, 0.5) : random.between(-0.6, -0.42);
}

function openPlace(random: Random, margin: number): Point {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const place = {
      u: random.between(-PLATE.halfWidth, PLATE.halfWidth),
      v: random.between(-PLATE.halfHeight, PLATE.halfHeight),
    };
    if (isOpenMetal(place, margin)) return place;
  }
  return { u: 0, v: -HOLE.v };
}
