import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Feature } from "./features.js";

/** A network's outputs elsewhere, for formula weights and the formula picture: its maps, fine to coarse. */
export interface ReferenceMaps {
  readonly arch: string;
  readonly size: number;
  readonly imageCrc32: number;
  readonly maps: readonly Feature[];
}

/** Names the folder of such outputs that are no part of the repository, as `NAME.json`. */
const FOLDER = "RETORT_TEST_REFERENCE";

/** Outputs by name; null, after a word about it, where the environment names no folder of them. */
export async function referenceMaps(name: string): Promise<ReferenceMaps | null> {
  const folder = process.env[FOLDER];
  if (folder === undefined) {
    console.log(`skipped: ${FOLDER} names no folder with ${name}.json`);
    return null;
  }
  const { arch, size, image_crc32, teacher } = JSON.parse(await readFile(join(folder, `${name}.json`), "utf8")) as {
    readonly arch: string;
    readonly size: number;
    readonly image_crc32: number;
    readonly teacher: readonly Feature[];
  };
  return { arch, size, imageCrc32: image_crc32, maps: teacher };
}
