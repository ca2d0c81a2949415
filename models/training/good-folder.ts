/** Which pictures of a folder are pictures of good parts. */
import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { CodedError } from "../../errors.js";
import { type FolderContent, readFolder, requirePictures } from "../pictures/folder.js";

/** Names that data sets give to the folder of good parts, beside those of the defects. */
const GOOD_NAMES = new Set(["good", "ok"]);
const TEST = "test";
const MASKS = "ground_truth";

/**
 * The pictures of a folder and the folders below it, sorted. Refused where the names of the folders say that there are others than
 * good parts among them: a whole data set in the layout of MVTec AD, its tests, its masks, or kinds of parts side by side.
 * @throws CodedError IMAGE_FOLDER_MISSING, IMAGE_FOLDER_UNREADABLE, IMAGE_FOLDER_EMPTY, DATA_MIXED
 */
export async function readGoodFolder(folder: string): Promise<FolderContent> {
  const content = await readFolder(folder, { recursive: true });
  requirePictures(folder, content);
  const holding = content.folders.filter((each) => content.pictures.some((picture) => picture.startsWith(each + sep)));
  const culprit = culpritIn(holding, resolve(folder));
  if (culprit === null) return content;
  throw new CodedError("DATA_MIXED", `${culprit} holds other pictures than those of good parts`, {
    at: folder,
    remedy: `Name the folder of the good parts alone${await suggestionFor(folder)}.`,
  });
}

/** The folder that is none of good parts, null when there is none. @param folders with those above each other first */
function culpritIn(folders: readonly string[], root: string): string | null {
  const above = root.split(sep).findIndex((name) => name.toLowerCase() === MASKS);
  if (above >= 0) return root;
  for (const folder of folders) {
    const name = basename(folder).toLowerCase();
    if (name === MASKS) return folder;
    const siblings = folders.filter((other) => other !== folder && dirname(other) === dirname(folder));
    const beside = siblings.map((sibling) => basename(sibling).toLowerCase());
    if (name === TEST && (beside.includes("train") || beside.includes(MASKS))) return folder;
    if (!GOOD_NAMES.has(name) && beside.some((other) => GOOD_NAMES.has(other))) return folder;
  }
  return null;
}

async function suggestionFor(folder: string): Promise<string> {
  for (const candidate of ["train/good", "train/ok", "train", "good", "ok"]) {
    const path = join(folder, candidate);
    const info = await stat(path).catch(() => null);
    if (info?.isDirectory()) return `: ${path}`;
  }
  return "";
}
