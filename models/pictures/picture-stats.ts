/**
 * The looks of a picture, whatever is on it: brightness, darkness, detail. Cheap enough to be taken of every frame (0.04 ms); training and
 * the agent take them alike.
 */
export interface PictureStats {
  /** Mean, 0..255. */
  readonly luminance: number;
  /** Share of the samples that are about black, 0..1. */
  readonly dark: number;
  /** Share of the samples that are about as bright as can be, 0..1. */
  readonly bright: number;
  /**
   * Detail in each tile, left to right, top to bottom: the variance of the second difference along rows, over the squared
   * luminance of the whole picture, so that a brighter lamp is no sharper lens.
   */
  readonly tiles: readonly number[];
  /** A hash of all samples, 32 bits. A live sensor never gives the same picture twice. */
  readonly hash: number;
}

/** Tiles along each side. */
export const TILES = 4;
/** Video's own black is 16 where its range was taken for the full one. */
const DARK = 16;
const BRIGHT = 250;
/** Rows that are looked at, spread over the picture. */
const MOST_ROWS = 32;
/** Samples in a row. */
const MOST_COLUMNS = 128;

/** A sample is the luminance of two pixels side by side, (R + 2 G + B) / 4, times this. */
const SCALE = 8;

/** @param pixels RGB, uint8 [height, width, 3] */
export function pictureStats(pixels: Uint8Array, width: number, height: number): PictureStats {
  const rows = Math.min(MOST_ROWS, height);
  const columns = Math.min(MOST_COLUMNS, width >> 1);
  const squares = new Float64Array(TILES * TILES);
  const sums = new Float64Array(TILES * TILES);
  const counts = new Float64Array(TILES * TILES);
  const offsets = Int32Array.from({ length: columns }, (_, column) => 3 * Math.floor((column * width) / columns));
  let total = 0;
  let dark = 0;
  let bright = 0;
  let hash = 0x811c9dc5;
  for (let row = 0; row < rows; row += 1) {
    const start = 3 * width * Math.floor(((row + 0.5) * height) / rows);
    const tileRow = Math.floor((row * TILES) / rows) * TILES;
    let before = 0;
    let last = 0;
    for (let tileColumn = 0, column = 0; tileColumn < TILES; tileColumn += 1) {
      const end = Math.floor(((tileColumn + 1) * columns) / TILES);
      let sum = 0;
      let square = 0;
      let count = 0;
      for (; column < end; column += 1) {
        const at = start + offsets[column]!;
        const sample =
          pixels[at]! + 2 * pixels[at + 1]! + pixels[at + 2]! + pixels[at + 3]! + 2 * pixels[at + 4]! + pixels[at + 5]!;
        total += sample;
        if (sample <= DARK * SCALE) dark += 1;
        else if (sample >= BRIGHT * SCALE) bright += 1;
        // FNV-1a, a sample at a time.
        hash = Math.imul(hash ^ sample, 0x01000193);
        if (column >= 2) {
          const difference = before - 2 * last + sample;
          sum += difference;
          square += difference * difference;
          count += 1;
        }
        before = last;
        last = sample;
      }
      sums[tileRow + tileColumn]! += sum;
      squares[tileRow + tileColumn]! += square;
      counts[tileRow + tileColumn]! += count;
    }
  }
  const samples = Math.max(1, rows * columns);
  const mean = total / samples;
  const tiles = Array.from(squares, (square, tile) => {
    const count = counts[tile]!;
    if (count === 0 || mean === 0) return 0;
    return Math.max(0, square / count - (sums[tile]! / count) ** 2) / mean ** 2;
  });
  return { luminance: mean / SCALE, dark: dark / samples, bright: bright / samples, tiles, hash: hash >>> 0 };
}
