/** Folders of pictures on disk. */
import { open, readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { CodedError, errnoOf } from "../../errors.js";

/** What lies in a folder, and in those below it. Paths, sorted: every run sees them in the same order. */
export interface FolderContent {
  readonly pictures: readonly string[];
  /** Pictures in formats that are not read. */
  readonly foreign: readonly string[];
  /** Every folder that was looked into, the first one too. */
  readonly folders: readonly string[];
}

const READ_FORMATS = "png, jpg, bmp, tif, webp";
const READ = new Set([".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".tif", ".tiff", ".webp"]);
/** What cameras, phones and picture tools write besides; raw files of cameras begin like TIFF, with a thumbnail. */
const FOREIGN = new Set(
  "gif heic heif avif jp2 jxl dng nef cr2 cr3 arw raw pgm ppm pnm psd exr hdr svg npy"
    .split(" ")
    .map((each) => `.${each}`),
);
/** Made by systems, not by people. */
const IGNORED_FOLDER = "__MACOSX";

/**
 * The pictures of a folder, sorted by path. Hidden files are left out.
 * @throws CodedError IMAGE_FOLDER_MISSING, IMAGE_FOLDER_UNREADABLE, IMAGE_FOLDER_EMPTY
 */
export async function listImages(dir: string, options: { recursive?: boolean } = {}): Promise<string[]> {
  const content = await readFolder(dir, options);
  requirePictures(dir, content);
  return [...content.pictures];
}

/** @throws CodedError IMAGE_FOLDER_EMPTY */
export function requirePictures(dir: string, { pictures, foreign }: FolderContent): void {
  if (pictures.length > 0) return;
  const others =
    foreign.length === 0 ? "" : `, ${foreign.length} in formats that are not read (the first is ${foreign[0]})`;
  throw new CodedError("IMAGE_FOLDER_EMPTY", `no pictures in ${dir}${others}`, {
    at: dir,
    remedy: `Put pictures there (${READ_FORMATS}), or name the folder that holds them.`,
  });
}

/**
 * What lies in a folder. A file is a picture by its name, or by its content where the name says nothing. A folder that is reached
 * again, through a link, is not looked into again.
 * @throws CodedError IMAGE_FOLDER_MISSING, IMAGE_FOLDER_UNREADABLE
 */
export async function readFolder(dir: string, options: { recursive?: boolean } = {}): Promise<FolderContent> {
  const info = await stat(dir).catch(() => null);
  if (!info?.isDirectory())
    throw new CodedError("IMAGE_FOLDER_MISSING", `there is no folder ${dir}`, {
      at: dir,
      remedy: `Name a folder that holds pictures (${READ_FORMATS}).`,
    });
  const pictures: string[] = [];
  const foreign: string[] = [];
  const folders: string[] = [];
  const visited = new Set<string>();

  const visit = async (folder: string, { dev, ino }: Identity): Promise<void> => {
    if (visited.has(`${dev}:${ino}`)) return;
    visited.add(`${dev}:${ino}`);
    folders.push(folder);
    for (const name of await namesIn(folder)) {
      if (isIgnored(name)) continue;
      const path = join(folder, name);
      // The file behind a link counts: data sets are often trees of them.
      const found = await stat(path).catch(() => null);
      if (found?.isDirectory()) {
        if (options.recursive === true) await visit(path, found);
        continue;
      }
      const extension = extname(name).toLowerCase();
      if (READ.has(extension)) pictures.push(path);
      else if (FOREIGN.has(extension)) foreign.push(path);
      else if (found?.isFile() && (await beginsLikePicture(path))) pictures.push(path);
    }
  };
  await visit(dir, info);
  return { pictures: pictures.sort(), foreign: foreign.sort(), folders: folders.sort() };
}

interface Identity {
  readonly dev: number;
  readonly ino: number;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    throw new CodedError("IMAGE_FOLDER_UNREADABLE", `cannot read the folder ${folder}: ${errnoOf(cause)}`, {
      at: folder,
      cause,
    });
  }
}

/** Whether a file is a picture that is read: by its name, or by its content where the name says nothing. */
export async function isPicture(path: string): Promise<boolean> {
  const extension = extname(path).toLowerCase();
  return READ.has(extension) || (!FOREIGN.has(extension) && (await beginsLikePicture(path)));
}

/** Whether an entry of a folder is left out, whatever it is: hidden files, and what systems make for themselves. */
export function isIgnored(name: string): boolean {
  return name.startsWith(".") || name === IGNORED_FOLDER;
}

/** Whether a file's first bytes are those of a PNG, JPEG, WebP or BMP file. */
async function beginsLikePicture(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(18), 0, 18, 0);
    if (bytesRead < 18) return false;
    const text = buffer.toString("latin1");
    return (
      text.startsWith("\x89PNG\r\n\x1a\n") ||
      text.startsWith("\xff\xd8\xff") ||
      (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") ||
      (text.startsWith("BM") && BMP_HEADERS.has(buffer.readUInt32LE(14)))
    );
  } finally {
    await file.close();
  }
}

/** Lengths of the headers that a BMP's file header is followed by. */
const BMP_HEADERS = new Set([12, 40, 52, 56, 108, 124]);
