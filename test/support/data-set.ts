/** A small data set in the layout of MVTec AD. The tiny bundle's map is brightness, so bright squares on dark pictures are defects it finds. */
import { join } from "node:path";
import { writePng } from "../../models/pictures/images.js";

export const side = 16;
export const size = { width: side, height: side };

export async function picture(path: string, background: number, square: number | null): Promise<void> {
  const inside = (i: number): boolean => square !== null && i % side < 4 && Math.floor(i / side) < 4;
  const rgb = Uint8Array.from({ length: 3 * side * side }, (_, i) =>
    inside(Math.floor(i / 3)) ? (square as number) : background,
  );
  await writePng(path, rgb, size, 3);
}

export async function mask(path: string): Promise<void> {
  const pixels = Uint8Array.from({ length: side * side }, (_, i) =>
    i % side < 4 && Math.floor(i / side) < 4 ? 255 : 0,
  );
  await writePng(path, pixels, size, 1);
}

/** Two good pictures, one clear "spot", one "fade" that is darker than the brighter of the good ones. */
export async function dataSet(dir: string): Promise<string> {
  await picture(join(dir, "test", "good", "000.png"), 20, null);
  await picture(join(dir, "test", "good", "001.png"), 60, null);
  await picture(join(dir, "test", "spot", "000.png"), 20, 200);
  await picture(join(dir, "test", "fade", "000.png"), 20, 50);
  await mask(join(dir, "ground_truth", "spot", "000_mask.png"));
  await mask(join(dir, "ground_truth", "fade", "000_mask.png"));
  return dir;
}
