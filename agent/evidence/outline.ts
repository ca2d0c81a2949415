import type { Rect, Size } from "../types.js";

/** White between black: seen on bright parts and dark ones, and no colour that the heat takes. */
const LINE = [255, 255, 255] as const;
const EDGE = [0, 0, 0] as const;

/**
 * Draws the outline of a rectangle around what it encloses: a bright line between two dark ones.
 * @param pixels RGB, [size.height, size.width, 3]; changed
 * @param rect in these pixels, may reach beyond the picture
 * @param width of the bright line, pixels
 */
export function outline(pixels: Uint8Array, size: Size, rect: Rect, width: number): void {
  const left = Math.floor(rect.x);
  const top = Math.floor(rect.y);
  const right = Math.ceil(rect.x + rect.width);
  const bottom = Math.ceil(rect.y + rect.height);
  const frame = (from: number, to: number, colour: readonly [number, number, number]): void => {
    const fill = (x0: number, y0: number, x1: number, y1: number) => fillRect(pixels, size, x0, y0, x1, y1, colour);
    fill(left - to, top - to, right + to, top - from);
    fill(left - to, bottom + from, right + to, bottom + to);
    fill(left - to, top - from, left - from, bottom + from);
    fill(right + from, top - from, right + to, bottom + from);
  };
  frame(0, 1, EDGE);
  frame(1, 1 + width, LINE);
  frame(1 + width, 2 + width, EDGE);
}

function fillRect(
  pixels: Uint8Array,
  { width, height }: Size,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  [red, green, blue]: readonly [number, number, number],
): void {
  const to = Math.min(width, x1);
  for (let y = Math.max(0, y0); y < Math.min(height, y1); y += 1) {
    for (let x = Math.max(0, x0); x < to; x += 1) {
      const at = 3 * (y * width + x);
      pixels[at] = red;
      pixels[at + 1] = green;
      pixels[at + 2] = blue;
    }
  }
}
