import { type ImageBaseline, sharpnessOf } from "./image-baseline.js";
import { type PictureStats, pictureStats } from "./picture-stats.js";

/** From where on a picture is no view of a part. Each limit null: not looked at. */
export interface ImageLimits {
  /** Share of the picture that is dark, from which on it is black, 0..1. */
  readonly black: number | null;
  /** Share of the picture that is as bright as can be, from which on it is saturated, 0..1. */
  readonly saturated: number | null;
  /** Share of the least sharpness of the training's pictures, below which a picture is blurred, 0..1. */
  readonly blurred: number | null;
  /** Share of the tiles with detail in them that must have lost it, from which on the view is obstructed, 0..1. */
  readonly obstructed: number | null;
}

/** The limits of a camera that is configured with none, and of training. */
export const DEFAULT_LIMITS = { black: 0.999, saturated: 0.99, blurred: 0.3, obstructed: 0.5 } as const;

export interface ImageFault {
  readonly code: "IMAGE_BLACK" | "IMAGE_SATURATED" | "IMAGE_BLURRED" | "IMAGE_OBSTRUCTED";
  readonly reason: string;
}

/** How far the luminance may lie from training's: lamps age, and a defect may be dark. */
const DARKER = 0.5;
const BRIGHTER = 1.5;
/** A tile has detail when it has this share of the mean tile's. */
const DETAILED = 0.25;
/** A tile has lost its detail below this share of the least that training saw there. */
const LOST = 0.3;
/** Below this share of the training's sharpness there is nothing to be seen, in focus or not. */
const NOTHING = 0.05;

/** What is wrong with a picture by itself, null when nothing. @param baseline undefined in bundles that have none */
export function imageFault(stats: PictureStats, limits: ImageLimits, baseline?: ImageBaseline): ImageFault | null {
  const { dark, bright } = stats;
  if (limits.black !== null && dark >= limits.black) {
    return { code: "IMAGE_BLACK", reason: `${percent(dark)} of the picture is black` };
  }
  if (limits.saturated !== null && bright >= limits.saturated) {
    return { code: "IMAGE_SATURATED", reason: `${percent(bright)} of the picture is as bright as can be` };
  }
  return baseline === undefined ? null : viewFault(stats, limits, baseline);
}

/** The same of a picture by its pixels, with the limits that nobody chose. @param pixels RGB, uint8 [height, width, 3] */
export function pictureFault(pixels: Uint8Array, width: number, height: number): ImageFault | null {
  return imageFault(pictureStats(pixels, width, height), DEFAULT_LIMITS);
}

/** Against what good pictures look like. */
function viewFault(stats: PictureStats, limits: ImageLimits, baseline: ImageBaseline): ImageFault | null {
  const { luminance } = stats;
  const sharpness = sharpnessOf(stats) / baseline.sharpness.min;
  const blurred = limits.blurred !== null && sharpness < limits.blurred;
  const unlit = luminance < DARKER * baseline.luminance.min || luminance > BRIGHTER * baseline.luminance.max;
  const { places, lost } = lostDetail(stats, baseline);
  // A lens out of focus takes the detail everywhere, but seldom all of it, and leaves the light.
  const covered = !blurred || sharpness < NOTHING || unlit;
  if (covered && limits.obstructed !== null && places > 0 && lost / places >= limits.obstructed) {
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

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
