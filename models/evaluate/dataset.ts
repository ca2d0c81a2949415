/** The MVTec AD folder layout: test/good, test/<type>, ground_truth/<type>/<name>_mask.png. */
import { readdir, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { CodedError } from "../../errors.js";
import { listImages } from "../pictures/images.js";

export const goodType = "good";

export interface TestImage {
  readonly path: string;
  /** The defect's type, or "good". */
  readonly type: string;
  /** null for good pictures. */
  readonly mask: string | null;
}

/**
 * The test pictures with their masks, sorted by type and name. Checked whole before anything is computed.
 * Throws DATA_LAYOUT, DATA_NO_GOOD, DATA_NO_DEFECTS, MASK_MISSING.
 */
export async function readTestSet(dir: string): Promise<TestImage[]> {
  const test = join(dir, "test");
  const types = await foldersIn(test);
  if (types === null)
    throw new CodedError("DATA_LAYOUT", `there is no folder ${test}`, {
      at: dir,
      remedy:
        "Name a folder in the MVTec AD layout: test/good, test/<defect type>, ground_truth/<defect type>/<name>_mask.png.",
    });
  if (!types.includes(goodType))
    throw new CodedError("DATA_NO_GOOD", `there is no folder ${join(test, goodType)}`, {
      at: test,
      remedy: "Put pictures of good parts, not used in training, into test/good.",
    });
  if (types.length === 1)
    throw new CodedError("DATA_NO_DEFECTS", `there is no defect type in ${test}`, {
      at: test,
      remedy: "Put pictures of each defect type into a folder of its own, such as test/scratch.",
    });

  const images: TestImage[] = [];
  const missing: string[] = [];
  for (const type of types) {
    const masks = type === goodType ? null : await masksByStem(join(dir, "ground_truth", type));
    for (const path of await listImages(join(test, type))) {
      const stem = basename(path, extname(path));
      const mask = masks?.get(`${stem}_mask`) ?? masks?.get(stem) ?? null;
      if (masks && !mask) missing.push(path);
      images.push({ path, type, mask });
    }
  }
  if (missing.length > 0)
    throw new CodedError(
      "MASK_MISSING",
      `${missing.length} defective pictures have no mask, the first is ${missing[0]}`,
      {
        at: missing[0] as string,
        remedy: "Each test/<type>/<name>.png needs ground_truth/<type>/<name>_mask.png, white where the defect is.",
      },
    );
  return images;
}

async function foldersIn(dir: string): Promise<string[] | null> {
  const names = await readdir(dir).catch(() => null);
  if (names === null) return null;
  const folders: string[] = [];
  for (const name of names.sort()) {
    if (!name.startsWith(".") && (await stat(join(dir, name))).isDirectory()) folders.push(name);
  }
  return folders;
}

/** Empty when the folder is missing or empty: every picture is then reported as lacking its mask. */
async function masksByStem(dir: string): Promise<Map<string, string>> {
  const paths = await listImages(dir).catch((error: unknown) => {
    if (error instanceof CodedError) return [];
    throw error;
  });
  return new Map(paths.map((path) => [basename(path, extname(path)), path]));
}
