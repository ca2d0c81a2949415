/** Masks of defects: which pixels of a picture are defective. */
import { connectedComponents } from "./components.js";
import { describePicture, readGrey, type Size } from "./images.js";

export interface Mask {
  /** 0 or 1, uint8 [height, width] of the size asked for; 1 is defective. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** Of the file itself. */
  readonly size: Size;
  /** The share of the file's pixels that it marks, 0..1. */
  readonly marked: number;
}

/**
 * A mask in the size asked for. Any value above 0 is defective, whatever the depth: data sets mark with 255, with 1, with the
 * number of the defect's class. In a JPEG, whose edges ring, it is what exceeds half of its brightest value. What is transparent is not
 * defective; in a picture that is black and partly transparent, what is not transparent is.
 * @throws CodedError IMAGE_UNREADABLE
 */
export async function readMask(path: string, size: Size): Promise<Mask> {
  const { lossy } = await describePicture(path);
  const grey = await readGrey(path);
  const above = lossy ? grey.pixels.reduce((most, value) => Math.max(most, value), 0) / 2 : 0;
  const { alpha } = grey;
  const painted = Uint8Array.from(grey.pixels, (value, at) => (value > above && alpha?.[at] !== 0 ? 1 : 0));
  const pixels =
    painted.includes(1) || alpha === null || !alpha.includes(0)
      ? painted
      : painted.map((_, at) => (alpha[at] === 0 ? 0 : 1));
  const marked = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  return { pixels: scaleMask({ ...grey, pixels }, size), size: { width: grey.width, height: grey.height }, marked };
}

/** A component that keeps less than this share of its area is drawn as wide as it takes to be seen. */
const LEAST_KEPT = 0.5;

/**
 * Scales a mask so that no defect is lost: to the nearest pixel, as data sets are scaled for published figures, and where that loses
 * a component (a scratch thinner than a pixel of the new size), to all pixels that the component touches.
 * @param mask 0 or 1, [height, width]
 */
export function scaleMask(
  mask: Size & { readonly pixels: Uint8Array<ArrayBuffer> },
  size: Size,
): Uint8Array<ArrayBuffer> {
  const { width, height } = size;
  if (mask.width === width && mask.height === height) return mask.pixels;
  const nearest = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor(((y + 0.5) * mask.height) / height) * mask.width;
    for (let x = 0; x < width; x += 1) {
      nearest[y * width + x] = mask.pixels[row + Math.floor(((x + 0.5) * mask.width) / width)]!;
    }
  }
  return withLostComponents(nearest, mask, size);
}

function withLostComponents(
  nearest: Uint8Array<ArrayBuffer>,
  mask: Size & { readonly pixels: Uint8Array },
  { width, height }: Size,
): Uint8Array<ArrayBuffer> {
  /** Of each new pixel, the area that the mask marks, in new pixels. */
  const covered = new Float32Array(width * height);
  const share = (width * height) / (mask.width * mask.height);
  for (let y = 0; y < mask.height; y += 1) {
    const row = Math.floor((y * height) / mask.height) * width;
    for (let x = 0; x < mask.width; x += 1) {
      if (mask.pixels[y * mask.width + x] !== 0) covered[row + Math.floor((x * width) / mask.width)]! += share;
    }
  }
  const touched = nearest.map((value, at) => (value !== 0 || covered[at]! > 0 ? 1 : 0));
  const { labels, components } = connectedComponents(touched, width, height);
  const kept = new Float64Array(components.length + 1);
  const area = new Float64Array(components.length + 1);
  for (const [at, label] of labels.entries()) {
    kept[label]! += nearest[at]!;
    area[label]! += covered[at]!;
  }
  return nearest.map((value, at) =>
    value === 0 && kept[labels[at]!]! < LEAST_KEPT * area[labels[at]!]! ? touched[at]! : value,
  );
}
