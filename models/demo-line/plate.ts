/** The part's drawing: a brushed plate with four holes, a bored boss, a rib and a printed code. Lengths in points. */
import type { Point } from "./types.js";

export const PLATE = { halfWidth: 104, halfHeight: 82, corner: 14 } as const;
export const HOLE = { u: 82, v: 60, radius: 14 } as const;
export const BOSS = { radius: 32, bore: 15 } as const;
export const RIB = { u: -60, halfLength: 34, halfWidth: 8 } as const;
export const MARK = { u: 62, v: 0, half: 20, cells: 8 } as const;

/** The printed code, always the same: two solid edges to align by, then data. */
const CODE = ["10101010", "11001101", "10111010", "11010011", "10011100", "11100101", "10110010", "11111111"];

/** The signed distance from the plate's edge, below 0 inside. */
export function plateDistance(u: number, v: number): number {
  const x = Math.abs(u) - PLATE.halfWidth + PLATE.corner;
  const y = Math.abs(v) - PLATE.halfHeight + PLATE.corner;
  if (x <= 0 && y <= 0) return Math.max(x, y) - PLATE.corner;
  return Math.sqrt(Math.max(x, 0) ** 2 + Math.max(y, 0) ** 2) - PLATE.corner;
}

/** The signed distance from the edge of the nearest of the four holes, below 0 inside. */
export function holeDistance(u: number, v: number): number {
  const x = Math.abs(u) - HOLE.u;
  const y = Math.abs(v) - HOLE.v;
  return Math.sqrt(x * x + y * y) - HOLE.radius;
}

export function ribDistance(u: number, v: number): number {
  const x = u - RIB.u;
  const y = Math.max(0, Math.abs(v) - RIB.halfLength);
  return Math.sqrt(x * x + y * y) - RIB.halfWidth;
}

export function inMark(u: number, v: number): boolean {
  return Math.abs(u - MARK.u) < MARK.half && Math.abs(v - MARK.v) < MARK.half;
}

/** Whether the printed code has ink here. */
export function inked(u: number, v: number): boolean {
  const column = Math.floor(((u - MARK.u + MARK.half) / (2 * MARK.half)) * MARK.cells);
  const row = Math.floor(((v - MARK.v + MARK.half) / (2 * MARK.half)) * MARK.cells);
  return CODE[row]?.[column] === "1";
}

/** Whether a place is plain metal, by `margin` away from edges, holes and the bore, so that a defect can be seen there. */
export function isOpenMetal({ u, v }: Point, margin: number): boolean {
  return plateDistance(u, v) < -margin && holeDistance(u, v) > margin && Math.sqrt(u * u + v * v) > BOSS.bore + margin;
}
