/** Pictures on disk, to and from plain pixels. The only file that imports sharp. */
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { CodedError, messageOf } from "../../errors.js";
import { decodeBmp } from "./bmp.js";

/** In pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

const extensions = new Set([".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"]);

// Nothing but these: libvips reads more, among them formats that name other files (SVG) or are programs (PDF).
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: ["Jpeg", "Png", "Webp", "Tiff"].map((format) => `VipsForeignLoad${format}Buffer`),
});

/** The largest sensors in use have 152 million; a picture of a few kilobytes may claim to have more. */
const MOST_PIXELS = 160_000_000;
/** An uncompressed picture of so many. */
const MOST_BYTES = MOST_PIXELS * 3 + 65_536;

// Training data sets are read once and tests rewrite files under the same name: libvips must not remember them.
sharp.cache(false);

/**
 * The pictures of a folder, sorted by path so that every run sees them in the same order.
 * Hidden files are left out. Throws IMAGE_FOLDER_MISSING or IMAGE_FOLDER_EMPTY.
 */
export async function listImages(dir: string, options: { recursive?: boolean } = {}): Promise<string[]> {
  const info = await stat(dir).catch(() => null);
  if (!info?.isDirectory())
    throw new CodedError("IMAGE_FOLDER_MISSING", `there is no folder ${dir}`, {
      at: dir,
      remedy: "Name a folder that holds pictures (png, jpg, bmp, tif, webp).",
    });
  const paths = await picturesUnder(dir, options.recursive ?? false);
  if (paths.length === 0)
    throw new CodedError("IMAGE_FOLDER_EMPTY", `no pictures in ${dir}`, {
      at: dir,
      remedy: "Put pictures there (png, jpg, bmp, tif, webp), or name the folder that holds them.",
    });
  return paths.sort();
}

async function picturesUnder(dir: string, recursive: boolean): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(dir)) {
    if (name.startsWith(".")) continue;
    const path = join(dir, name);
    // stat, not the directory entry: data sets are often trees of symbolic links.
    const info = await stat(path).catch(() => null);
    if (info?.isDirectory()) {
      if (recursive) found.push(...(await picturesUnder(path, true)));
    } else if (extensions.has(extname(name).toLowerCase())) found.push(path);
  }
  return found;
}

/**
 * A picture as RGB, [size.height, size.width, 3], row-major, upright (EXIF orientation applied), alpha dropped.
 * Exact pixels when the picture has the size already, else bilinear with the support widened when shrinking.
 * Throws IMAGE_UNREADABLE.
 */
export async function readRgb(path: string, size: Size): Promise<Uint8Array<ArrayBuffer>> {
  return decode(path, size, 3, "linear");
}

/**
 * A mask as 0 and 1, [size.height, size.width]; nearest neighbour. Above half of the file's brightest value is 1, since
 * some data sets mark with 255 and some with 1. Throws IMAGE_UNREADABLE.
 */
export async function readMask(path: string, size: Size): Promise<Uint8Array<ArrayBuffer>> {
  const grey = await decode(path, size, 1, "nearest");
  const brightest = grey.reduce((most, value) => Math.max(most, value), 0);
  for (let i = 0; i < grey.length; i++) grey[i] = 2 * (grey[i] as number) > brightest ? 1 : 0;
  return grey;
}

/** The size of a picture as it would be shown (EXIF orientation applied). Throws IMAGE_UNREADABLE. */
export async function imageSize(path: string): Promise<Size> {
  try {
    const { autoOrient } = await (await open(path)).metadata();
    return { width: autoOrient.width, height: autoOrient.height };
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function decode(
  path: string,
  size: Size,
  channels: 1 | 3,
  kernel: "linear" | "nearest",
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const picture = (await open(path)).autoOrient().removeAlpha();
    picture.resize({ ...size, fit: "fill", kernel, fastShrinkOnLoad: false });
    picture.toColourspace(channels === 3 ? "srgb" : "b-w");
    const { data, info } = await picture.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    if (info.width !== size.width || info.height !== size.height || info.channels !== channels)
      throw new Error(`decoded to ${info.width}x${info.height}x${info.channels}`);
    // A copy of its own: sharp's buffer may be a view of something larger, and callers transfer these.
    return new Uint8Array(data);
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function open(path: string): Promise<Sharp> {
  const { size } = await stat(path);
  if (size > MOST_BYTES) throw new Error(`it has ${size} bytes, the limit is ${MOST_BYTES}`);
  const bytes = await readFile(path);
  // libvips as sharp ships it has no BMP reader, and industrial cameras write little else.
  if (bytes[0] === 0x42 && bytes[1] === 0x4d) {
    const bmp = decodeBmp(bytes);
    return raw(bmp.pixels, bmp);
  }
  return sharp(bytes, { failOn: "truncated", limitInputPixels: MOST_PIXELS });
}

function unreadable(path: string, cause: unknown): CodedError {
  return new CodedError("IMAGE_UNREADABLE", `cannot read the picture ${path}: ${messageOf(cause)}`, {
    at: path,
    remedy: "Remove the file or replace it with a whole picture.",
    cause,
  });
}

/** Writes pixels ([h, w, channels], row-major) as PNG; makes the folder. */
export async function writePng(path: string, pixels: Uint8Array, size: Size, channels: 1 | 3): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await sharp(pixels, { raw: { ...size, channels } })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png({ compressionLevel: 6 })
    .toFile(path);
}

/** RGB pixels as the bytes of a lossless WebP: as quick as a PNG's fastest, and a third smaller. */
export async function encodeLossless(pixels: Uint8Array, size: Size): Promise<Buffer> {
  return raw(pixels, size).webp({ lossless: true, effort: 0 }).toBuffer();
}

/** Writes RGB pixels as JPEG; makes the folder. Quality 1 to 100. */
export async function writeJpeg(path: string, pixels: Uint8Array, size: Size, quality = 90): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await raw(pixels, size).jpeg({ quality }).toFile(path);
}

/** RGB pixels as the bytes of a JPEG, scaled to `width` when given. */
export async function encodeJpeg(pixels: Uint8Array, size: Size, quality = 85, width = size.width): Promise<Buffer> {
  return raw(pixels, size).resize({ width }).jpeg({ quality }).toBuffer();
}

/** The same with the colours at full resolution, so that thin coloured lines stay crisp. */
export async function encodeCrispJpeg(pixels: Uint8Array, size: Size, quality: number): Promise<Buffer> {
  return raw(pixels, size).jpeg({ quality, chromaSubsampling: "4:4:4" }).toBuffer();
}

/** RGB pixels stretched smoothly to another size. */
export async function stretch(pixels: Uint8Array, size: Size, to: Size): Promise<Uint8Array<ArrayBuffer>> {
  const picture = raw(pixels, size).resize({ ...to, fit: "fill", kernel: "cubic" });
  return new Uint8Array(await picture.raw().toBuffer());
}

function raw(pixels: Uint8Array, size: Size): Sharp {
  return sharp(pixels, { raw: { width: size.width, height: size.height, channels: 3 } });
}
