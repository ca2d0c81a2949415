/** The folder layout of MVTec AD: test/good, test/<type>, ground_truth/<type>/<name>_mask.png; and what its relatives make of it. */
import { readdir, stat } from "node:fs/promises";
import { dirname, extname, join, relative } from "node:path";
import { CodedError } from "../../errors.js";
import { readFolder } from "../pictures/folder.js";

export const GOOD_TYPE = "good";
/** Other names of the folder of good parts (BTAD has ok and ko). */
const GOOD_NAMES = new Set(["good", "ok"]);

export interface TestImage {
  readonly path: string;
  /** The defect's type, or "good". */
  readonly type: string;
  /** Files that mark its defects, several where each defect has its own (MVTec LOCO); empty for good pictures and where there is none. */
  readonly masks: readonly string[];
}

/** Something about the data that makes a figure worth less, or a picture that is left out. */
export interface DataWarning {
  readonly path: string;
  readonly reason: string;
}

export interface TestSet {
  /** Sorted by type and name. */
  readonly images: readonly TestImage[];
  readonly warnings: readonly DataWarning[];
}

/**
 * The test pictures with their masks, before anything is computed. Masks may be absent.
 * @throws CodedError DATA_LAYOUT, DATA_NO_GOOD, DATA_NO_DEFECTS, IMAGE_FOLDER_UNREADABLE
 */
export async function readTestSet(dir: string): Promise<TestSet> {
  const test = join(dir, "test");
  const folders = await foldersIn(test);
  if (folders === null) throw new CodedError("DATA_LAYOUT", `there is no folder ${test}`, { at: dir });

  const images: TestImage[] = [];
  const warnings: DataWarning[] = [];
  for (const folder of folders) {
    const type = GOOD_NAMES.has(folder.toLowerCase()) ? GOOD_TYPE : folder;
    const path = join(test, folder);
    const { pictures, foreign } = await readFolder(path, { recursive: true });
    if (pictures.length === 0) warnings.push({ path, reason: "it holds no pictures" });
    if (foreign.length > 0)
      warnings.push({
        path: foreign[0]!,
        reason: `${foreign.length} files of ${path} are in formats that are not read`,
      });
    const masks = type === GOOD_TYPE ? null : await masksIn(join(dir, "ground_truth", folder));
    const found = pictures.map((picture) => ({ path: picture, type, masks: masks?.of(relative(path, picture)) ?? [] }));
    images.push(...found);
    if (masks !== null) warnings.push(...maskWarnings(found, masks, folder));
  }
  requireBoth(images, test);
  return { images, warnings };
}

function requireBoth(images: readonly TestImage[], test: string): void {
  if (!images.some(({ type }) => type === GOOD_TYPE))
    throw new CodedError("DATA_NO_GOOD", `there are no pictures in ${join(test, GOOD_TYPE)}`, { at: test });
  if (!images.some(({ type }) => type !== GOOD_TYPE))
    throw new CodedError("DATA_NO_DEFECTS", `there are no pictures of a defect in ${test}`, { at: test });
}

async function foldersIn(dir: string): Promise<string[] | null> {
  const names = await readdir(dir).catch(() => null);
  if (names === null) return null;
  const folders: string[] = [];
  for (const name of names.sort()) {
    if (name.startsWith(".") || name.startsWith("__")) continue;
    const info = await stat(join(dir, name)).catch(() => null);
    if (info?.isDirectory()) folders.push(name);
  }
  return folders;
}

interface Masks {
  /** The masks of a picture, by its path below its type's folder. */
  readonly of: (picture: string) => readonly string[];
  readonly count: number;
  /** Files in formats that are not read. */
  readonly foreign: readonly string[];
}

/** The masks of one type: <name>_mask.png, <name>.png, or a folder <name> with one file for each defect. */
async function masksIn(dir: string): Promise<Masks> {
  const info = await stat(dir).catch(() => null);
  if (!info?.isDirectory()) return { of: () => [], count: 0, foreign: [] };
  const { pictures, foreign } = await readFolder(dir, { recursive: true });
  const byName = new Map<string, string>();
  const byFolder = new Map<string, string[]>();
  for (const path of pictures) {
    const name = nameOf(relative(dir, path));
    byName.set(name, path);
    const folder = dirname(name);
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), path]);
  }
  const of = (picture: string): readonly string[] => {
    const name = nameOf(picture);
    for (const candidate of [`${name}_mask`, `${name}_MASK`, name]) {
      const path = byName.get(candidate);
      if (path !== undefined) return [path];
    }
    return byFolder.get(name) ?? [];
  };
  return { of, count: pictures.length, foreign };
}

/** A path without its ending, composed (NFC): archives made on macOS decompose what looks the same. */
function nameOf(path: string): string {
  return path.slice(0, path.length - extname(path).length).normalize("NFC");
}

function maskWarnings(images: readonly TestImage[], masks: Masks, type: string): DataWarning[] {
  const warnings: DataWarning[] = [];
  const without = images.filter((image) => image.masks.length === 0);
  if (without.length > 0 && (masks.count > 0 || masks.foreign.length > 0)) {
    const foreign = masks.foreign.length === 0 ? "" : ` (${masks.foreign.length} are in formats that are not read)`;
    warnings.push({
      path: without[0]!.path,
      reason: `${without.length} of ${images.length} pictures of ${type} have no mask${foreign}: they count for the image figures alone`,
    });
  }
  const owners = new Map<string, string>();
  for (const { path, masks } of images) {
    for (const mask of masks) {
      const other = owners.get(mask);
      if (other !== undefined) warnings.push({ path, reason: `it has the same mask as ${other}: ${mask}` });
      owners.set(mask, path);
    }
  }
  return warnings;
}
