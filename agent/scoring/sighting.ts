import type { Context, Region, Verdict } from "../types.js";
import { regionsOf } from "./regions.js";

/** What one anomalous frame showed. Holds neither its pixels nor its map, so that it may be kept. */
export interface Sighting {
  /** Wall clock at capture, epoch milliseconds. */
  readonly tsMs: number;
  /** Monotonic. */
  readonly atMs: number;
  readonly score: number;
  /** The strongest first. */
  readonly regions: readonly Region[];
  readonly context: Context | null;
}

export function sightingOf({ inspection, threshold }: Verdict): Sighting {
  const { frame, map, score } = inspection;
  return {
    tsMs: frame.capturedAtMs,
    atMs: frame.availableAtMs,
    score,
    regions: regionsOf(map, frame.size, threshold.value, frame.view),
    context: frame.context ?? null,
  };
}

/** The one with the highest score, the earliest of several. @param sightings not empty */
export function worstOf(sightings: readonly [Sighting, ...Sighting[]]): Sighting {
  return sightings.reduce((worst, each) => (each.score > worst.score ? each : worst));
}

/** SORT (Bewley et al., 2016) takes two boxes of successive frames for one thing from this overlap on. */
const SAME_PLACE = 0.3;

/**
 * Whether two frames may have shown the same defect: their strongest regions cover each other (intersection over union), and the
 * line's control names no other part. It may still be the next part with the same defect: a picture cannot tell.
 */
export function mayBeSame(a: Sighting, b: Sighting): boolean {
  const [placeA, placeB] = [a.regions[0], b.regions[0]];
  if (placeA === undefined || placeB === undefined || partOf(a) !== partOf(b)) return false;
  return overlap(placeA, placeB) >= SAME_PLACE;
}

/** As text, whatever the control takes for a part. */
function partOf({ context }: Sighting): string {
  return JSON.stringify(context?.part ?? null);
}

/** Intersection over union, 0..1. */
function overlap(a: Region, b: Region): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const shared = Math.max(0, width) * Math.max(0, height);
  return shared / (a.width * a.height + b.width * b.height - shared);
}
