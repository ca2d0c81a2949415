import { type MonoTypeOperatorFunction, map } from "rxjs";
import { type ImageBaseline, sharpnessOf } from "../../models/pictures/image-baseline.js";
import type { PictureStats } from "../../models/pictures/picture-stats.js";
import type { Outcome } from "../types.js";

/** What is no view of a part. Each limit null: not looked at. */
export interface ImagePolicy {
  /** Share of the picture that is dark, from which on it is black, 0..1. */
  readonly black: number | null;
  /** Share of the picture that is as bright as can be, from which on it is saturated, 0..1. */
  readonly saturated: number | null;
  /** Pictures in a row that are the same to the last bit. */
  readonly frozenAfter: number | null;
  /** Share of the least sharpness of the training's pictures, below which a picture is blurred, 0..1. */
  readonly blurred: number | null;
  /** Share of the tiles with detail in them that must have lost it, from which on the view is obstructed, 0..1. */
  readonly obstructed: number | null;
}

export interface ImageFault {
  readonly code: "IMAGE_BLACK" | "IMAGE_SATURATED" | "IMAGE_FROZEN" | "IMAGE_BLURRED" | "IMAGE_OBSTRUCTED";
  readonly reason: string;
}

/** As many in a row make a fault (see camera-state.ts) as end it. */
const STEADY = 3;
/** How far the luminance may lie from training's: lamps age, and a defect may be dark. */
const DARKER = 0.5;
const BRIGHTER = 1.5;
/** A tile has detail when it has this share of the mean tile's. */
const DETAILED = 0.25;
/** And has lost it below this share of its own. */
const LOST = 0.3;
/** Below this share of the training's there is nothing to be seen, sharp or not. */
const NOTHING = 0.05;

/** What is wrong with a picture by itself, null when nothing. @param baseline undefined in bundles that have none */
export function imageFault(stats: PictureStats, policy: ImagePolicy, baseline?: ImageBaseline): ImageFault | null {
  const { dark, bright } = stats;
  if (policy.black !== null && dark >= policy.black) {
    return { code: "IMAGE_BLACK", reason: `${percent(dark)} of the picture is black` };
  }
  if (policy.saturated !== null && bright >= policy.saturated) {
    return { code: "IMAGE_SATURATED", reason: `${percent(bright)} of the picture is as bright as can be` };
  }
  return baseline === undefined ? null : viewFault(stats, policy, baseline);
}

/** Against what good pictures look like. */
function viewFault(stats: PictureStats, policy: ImagePolicy, baseline: ImageBaseline): ImageFault | null {
  const { luminance } = stats;
  const sharpness = sharpnessOf(stats) / baseline.sharpness.min;
  const blurred = policy.blurred !== null && sharpness < policy.blurred;
  const unlit = luminance < DARKER * baseline.luminance.min || luminance > BRIGHTER * baseline.luminance.max;
  const { places, lost } = lostDetail(stats, baseline);
  // A lens out of focus takes the detail everywhere, but seldom all of it, and leaves the light.
  const covered = !blurred || sharpness < NOTHING || unlit;
  if (covered && policy.obstructed !== null && places > 0 && lost / places >= policy.obstructed) {
    return { code: "IMAGE_OBSTRUCTED", reason: `no detail in ${lost} of the ${places} places that have some` };
  }
  if (!blurred) return null;
  return { code: "IMAGE_BLURRED", reason: `${percent(sharpness)} of the sharpness that good pictures have` };
}

/** Tiles that have detail in every good picture, and those of them that have none now. */
function lostDetail({ tiles }: PictureStats, baseline: ImageBaseline): { places: number; lost: number } {
  const mean = baseline.tiles.reduce((sum, tile) => sum + tile, 0) / baseline.tiles.length;
  const places = baseline.tiles.flatMap((tile, index) => (tile > 0 && tile >= DETAILED * mean ? [index] : []));
  const lost = places.filter((index) => tiles[index]! < LOST * baseline.tiles[index]!);
  return { places: places.length, lost: lost.length };
}

/**
 * Frames that are no view of a part fail with the reason instead of being judged: no score, no alert, and after a few of
 * them the camera is faulted. Then it takes as many good ones in a row before frames are judged again.
 */
export function imageHealth(policy: ImagePolicy, baseline?: ImageBaseline): MonoTypeOperatorFunction<Outcome> {
  let hash: number | null = null;
  let same = 0;
  let failing = 0;
  let standing: ImageFault | null = null;
  let good = 0;

  const frozen = (stats: PictureStats): ImageFault | null => {
    same = stats.hash === hash ? same + 1 : 1;
    hash = stats.hash;
    if (policy.frozenAfter === null || same < policy.frozenAfter) return null;
    return { code: "IMAGE_FROZEN", reason: `${same} pictures in a row are the same` };
  };
  return map((outcome) => {
    if (outcome.kind === "failed" || outcome.inspection.picture === undefined) return outcome;
    const { frame, picture } = outcome.inspection;
    const repeated = frozen(picture);
    const fault = imageFault(picture, policy, baseline) ?? repeated;
    if (fault === null) {
      failing = 0;
      good += 1;
      if (standing === null || good >= STEADY) {
        standing = null;
        return outcome;
      }
      const reason = `${standing.reason}; good again, for ${good} pictures`;
      return { kind: "failed", failure: { frame, code: standing.code, reason } };
    }
    good = 0;
    failing += 1;
    if (failing >= STEADY) standing = fault;
    return { kind: "failed", failure: { frame, ...fault } };
  });
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
