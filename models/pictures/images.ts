/** Pictures on disk or in memory, to and from plain pixels. The only file that imports sharp. */
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import sharp, { type FailOnOptions, type Sharp } from "sharp";
import { CodedError, errnoOf, messageOf } from "../../errors.js";
import { makeFolders } from "../../replace-file.js";
import { decodeBmp } from "./bmp.js";
import { jpegDamage } from "./jpeg-damage.js";
import { readJpegScan } from "./jpeg-header.js";

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

// Nothing but these: libvips reads more, among them formats that name other files (SVG) or are programs (PDF).
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: ["Jpeg", "Png", "Webp", "Tiff"].map((format) => `VipsForeignLoad${format}Buffer`),
});

/** The largest sensors in use have 152 million; a picture of a few kilobytes may claim to have more. */
const MOST_PIXELS = 160_000_000;
/** An uncompressed picture of so many. */
const MOST_BYTES = MOST_PIXELS * 3 + 65_536;

/** What came over the network is given up when decoding takes longer, seconds: a few kilobytes may ask for hours. */
const MOST_DECODING_S = 10;

/** A picture's path, or the bytes of its file. */
export type PictureSource = string | Buffer;

// Training data sets are read once and tests rewrite files under the same name: libvips must not remember them.
sharp.cache(false);

/**
 * A picture as RGB, uint8 [size.height, size.width, 3], row-major, upright (EXIF orientation applied), alpha dropped.
 * Exact pixels when the picture has the size already, else bilinear with the support widened when shrinking.
 * @param part of the picture in that size, where not all of it is wanted; then uint8 [part.height, part.width, 3]
 * @throws CodedError IMAGE_UNREADABLE, also where the file can be decoded but is damaged
 */
export async function readRgb(source: PictureSource, size: Size, part?: Part): Promise<Uint8Array<ArrayBuffer>> {
  return attempt(source, async () => {
    const { data, info } = await decode(await open(source), (picture) => {
      picture.autoOrient().removeAlpha().toColourspace("srgb").raw({ depth: "uchar" });
      picture.resize({ ...size, fit: "fill", kernel: "linear", fastShrinkOnLoad: false });
      return part === undefined ? picture : picture.extract(part);
    });
    const { width, height } = part ?? size;
    if (info.width !== width || info.height !== height || info.channels !== 3)
      throw new Error(`decoded to ${info.width}x${info.height}x${info.channels}`);
    // A copy of its own: sharp's buffer may be a view of something larger, and callers transfer these.
    return new Uint8Array(data);
  });
}

/** A rectangle of a picture, in pixels from its top left. */
export interface Part extends Size {
  readonly left: number;
  readonly top: number;
}

/** How a picture is stored. */
export interface StoredPicture {
  /** As it would be shown (EXIF orientation applied). */
  readonly size: Size;
  /** Whether decoding yields other values than were encoded. */
  readonly lossy: boolean;
  /** The type of its samples; sharp's names: "uchar" is 8 bits, "ushort" 16, "float" floating point. */
  readonly depth: string;
}

/** What a picture's header says, however large it is; its data is not looked at. @throws CodedError IMAGE_UNREADABLE */
export async function describePicture(source: PictureSource): Promise<StoredPicture> {
  return attempt(source, async () => {
    const { autoOrient, format, depth } = await (await open(source, false)).picture.metadata();
    return { size: { width: autoOrient.width, height: autoOrient.height }, lossy: format === "jpeg", depth };
  });
}

/** The size of a picture as it would be shown (EXIF orientation applied). @throws CodedError IMAGE_UNREADABLE */
export async function imageSize(source: PictureSource): Promise<Size> {
  return (await describePicture(source)).size;
}

/** The least and the largest sample of a picture, as stored. @throws CodedError IMAGE_UNREADABLE */
export async function sampleRange(path: string): Promise<{ readonly min: number; readonly max: number }> {
  return attempt(path, async () => {
    const { channels } = await (await open(path)).picture.stats();
    const colours = channels.slice(0, channels.length <= 2 ? 1 : 3);
    return { min: Math.min(...colours.map(({ min }) => min)), max: Math.max(...colours.map(({ max }) => max)) };
  });
}

/** A picture's luminance in its own size, with nothing rounded away. */
export interface GreyPicture extends Size {
  /** uint16 [height, width]. */
  readonly pixels: Uint16Array;
  /** uint16 [height, width], 0 where the picture is transparent; null where it has no such channel. */
  readonly alpha: Uint16Array | null;
}

/** @throws CodedError IMAGE_UNREADABLE */
export async function readGrey(path: string): Promise<GreyPicture> {
  return attempt(path, async () => {
    const { data, info } = await decode(await open(path), (picture) =>
      picture.autoOrient().toColourspace("grey16").raw({ depth: "ushort" }),
    );
    const { width, height, channels } = info;
    const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
    if (channels === 1) return { pixels: samples, alpha: null, width, height };
    return {
      pixels: samples.filter((_, at) => at % channels === 0),
      alpha: samples.filter((_, at) => at % channels === 1),
      ...{ width, height },
    };
  });
}

/** A file that is about to be decoded. */
interface Opened {
  readonly picture: Sharp;
  /** Looks for damage that libvips does not hear of; yields what it is, for a person. */
  readonly damage: () => Promise<string | null>;
}

/** @param limitInputPixels false where the picture is not decoded */
async function open(source: PictureSource, limitInputPixels: number | false = MOST_PIXELS): Promise<Opened> {
  const bytes = typeof source === "string" ? await bytesOf(source) : source;
  // libvips as sharp ships it has no BMP reader, and industrial cameras write little else.
  if (bytes[0] === 0x42 && bytes[1] === 0x4d) {
    const bmp = decodeBmp(bytes, MOST_PIXELS);
    return { picture: raw(bmp.pixels, bmp), damage: () => Promise.resolve(null) };
  }
  const scan = readJpegScan(bytes);
  const picture = sharp(bytes, { failOn: scan === null ? failLevel(bytes) : "truncated", limitInputPixels });
  return {
    picture: typeof source === "string" ? picture : picture.timeout({ seconds: MOST_DECODING_S }),
    damage: () => (scan === null ? Promise.resolve(null) : jpegDamage(bytes, scan)),
  };
}

async function bytesOf(path: string): Promise<Buffer> {
  const { size } = await stat(path).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") throw new Error("there is no file of this name", { cause: error });
    throw error;
  });
  if (size > MOST_BYTES) throw new Error(`it has ${size} bytes, the limit is ${MOST_BYTES}`);
  return readFile(path);
}

/**
 * Which of libvips' complaints make a picture unreadable. Warnings count for TIFF, which is decoded by others' libraries, and for a JPEG
 * of several scans (a progressive one): libjpeg decodes that whole before it yields the first row, so libvips hears of its warnings. Those
 * about PNG, which has checksums, are about its metadata.
 */
function failLevel(bytes: Buffer): FailOnOptions {
  const start = bytes.toString("latin1", 0, 2);
  return ["\xff\xd8", "II", "MM"].includes(start) ? "warning" : "truncated";
}

/** @throws Error, of damage sooner than of what libvips makes of it */
async function decode({ picture, damage }: Opened, as: (picture: Sharp) => Sharp) {
  const [decoded, found] = await Promise.allSettled([as(picture).toBuffer({ resolveWithObject: true }), damage()]);
  if (found.status === "rejected") throw found.reason;
  if (found.value !== null) throw new Error(found.value);
  if (decoded.status === "rejected") throw decoded.reason;
  return decoded.value;
}

async function attempt<T>(source: PictureSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unreadable(source, error);
  }
}

function unreadable(source: PictureSource, cause: unknown): CodedError {
  const reason = complaints(cause);
  if (typeof source !== "string")
    return new CodedError("IMAGE_UNREADABLE", `cannot read the picture: ${reason}`, { cause });
  return new CodedError("IMAGE_UNREADABLE", `cannot read the picture ${source}: ${reason}`, { at: source, cause });
}

/** What libvips complains of, on one line and each thing once; without its word that a warning counts, which says nothing to a user. */
function complaints(cause: unknown): string {
  const lines = messageOf(cause).split("\n");
  const said = lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("Warning treated as"));
  return [...new Set(said)].join("; ");
}

/** Writes pixels, uint8 [height, width, channels], as PNG; makes the folder. */
export async function writePng(path: string, pixels: Uint8Array, size: Size, channels: 1 | 3): Promise<void> {
  await makeFolders(dirname(path));
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
  await makeFolders(dirname(path));
  await raw(pixels, size).jpeg({ quality }).toFile(path);
}

/** RGB pixels as the bytes of a JPEG, scaled to `width` when given. */
export async function encodeJpeg(pixels: Uint8Array, size: Size, quality = 85, width = size.width): Promise<Buffer> {
  const picture = raw(pixels, size);
  return (width === size.width ? picture : picture.resize({ width })).jpeg({ quality }).toBuffer();
}

/**
 * RGB pixels as the bytes of a JPEG to be looked at for a moment: half the work of a compact one, for a tenth more bytes. Shrinking them
 * first costs as much as it saves.
 */
export async function encodeQuickJpeg(pixels: Uint8Array, size: Size): Promise<Buffer> {
  return raw(pixels, size).jpeg({ quality: 80, optimiseCoding: false }).toBuffer();
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
