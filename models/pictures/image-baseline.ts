import { type PictureStats, pictureStats } from "./picture-stats.js";

/** The looks of good pictures, `imageHealth` in model.json: a picture that is far from them is no view of a part. */
export interface ImageBaseline {
  readonly images: number;
  /** Means of whole pictures, 0..255. */
  readonly luminance: Range;
  /** Means over the tiles. */
  readonly sharpness: Range;
  /** The least detail that each tile had in any of them; as PictureStats.tiles. */
  readonly tiles: readonly number[];
}

interface Range {
  readonly min: number;
  readonly max: number;
}

export function sharpnessOf({ tiles }: PictureStats): number {
  return tiles.reduce((sum, tile) => sum + tile, 0) / tiles.length;
}

/** The looks of these pictures. @param pictures at least one; RGB, uint8 [height, width, 3] */
export function imageBaseline(pictures: readonly Uint8Array[], width: number, height: number): ImageBaseline {
  const stats = pictures.map((pixels) => pictureStats(pixels, width, height));
  const [first] = stats;
  return {
    images: pictures.length,
    luminance: rangeOf(stats.map(({ luminance }) => luminance)),
    sharpness: rangeOf(stats.map(sharpnessOf)),
    tiles: first!.tiles.map((_, tile) => rounded(Math.min(...stats.map(({ tiles }) => tiles[tile]!)))),
  };
}

function rangeOf(values: readonly number[]): Range {
  return { min: rounded(Math.min(...values)), max: rounded(Math.max(...values)) };
}

/** Four digits are enough for a limit, and people read the manifest, too. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
