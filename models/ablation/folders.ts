import { copyFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { makeFolders } from "../../replace-file.js";
import { GOOD_TYPE, readTestSet } from "../evaluate/dataset.js";
import { readFolder } from "../pictures/folder.js";
import { createRandom } from "../random.js";
import type { Run } from "./plan.js";

/** Where the pictures of a run lie. */
export interface RunFolders {
  /** Pictures to learn from. */
  readonly normal: string;
  /** The test set, in the layout of MVTec AD; without the defects that were planted. */
  readonly data: string;
  /** How many pictures lie in `normal`. */
  readonly images: number;
  /** Those of them that show a defect. */
  readonly planted: readonly string[];
}

/** Decides which pictures are drawn and planted: the same ones for each seed of training, so that rows differ in one thing. */
const DRAW_SEED = 5;

/**
 * Copies a run's pictures into a folder of its own.
 * @param set the data set, in the layout of MVTec AD
 * @param into an empty folder
 * @throws CodedError DATA_LAYOUT, IMAGE_FOLDER_UNREADABLE; what the file system answers
 */
export async function runFolders(set: string, { pictures, planted }: Run, into: string): Promise<RunFolders> {
  const random = createRandom(DRAW_SEED);
  const test = await readTestSet(set);
  const good = await readFolder(join(set, "train", GOOD_TYPE), { recursive: true });
  const defective = test.images.filter(({ type }) => type !== GOOD_TYPE).map(({ path }) => path);
  const drawn = random.shuffle(good.pictures).slice(0, pictures ?? good.pictures.length);
  const strays = random.shuffle(defective).slice(0, Math.round(drawn.length * planted));
  const normal = join(into, "train", GOOD_TYPE);
  const isStray = new Set(strays);
  const rest = test.images.filter(({ path }) => !isStray.has(path));
  for (const path of drawn) await copyTo(path, join(normal, basename(path)));
  for (const path of strays) await copyTo(path, strayIn(normal, set, path));
  for (const { path, masks } of rest) {
    for (const each of [path, ...masks]) await copyTo(each, join(into, relative(set, each)));
  }
  const images = drawn.length + strays.length;
  return { normal, data: into, images, planted: strays.map((path) => strayIn(normal, set, path)) };
}

/** Where a defective picture lies among the good ones. */
function strayIn(normal: string, set: string, path: string): string {
  return join(normal, relative(join(set, "test"), path).replaceAll(sep, "_"));
}

async function copyTo(from: string, to: string): Promise<void> {
  await makeFolders(dirname(to));
  await copyFile(from, to);
}
