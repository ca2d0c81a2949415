import { join } from "node:path";
import { writePng } from "../pictures/images.js";
import { createRandom, type Random, seedOf } from "../random.js";
import type { DemoLine } from "./line.js";
import { DEFECT_TYPES, type DefectType, type Size } from "./types.js";

export interface DemoDatasetOptions {
  readonly dir: string;
  readonly line: DemoLine;
  /** Seed of the parts; another one gives pictures that share nothing with these. */
  readonly seed: number;
  readonly size: Size;
  /** Good pictures to train on, good ones to test with, and defective ones of each type. */
  readonly train: number;
  readonly testGood: number;
  readonly testPerType: number;
}

/** Writes pictures of the demo line in the MVTec AD layout (train/good, test/<type>, ground_truth/<type>). */
export async function writeDemoDataset(options: DemoDatasetOptions): Promise<void> {
  const { dir, train, testGood, testPerType } = options;
  for (let i = 0; i < train; i += 1) await writePart(options, join(dir, "train", "good"), "train", i, null);
  for (let i = 0; i < testGood; i += 1) await writePart(options, join(dir, "test", "good"), "test", i, null);
  for (const type of DEFECT_TYPES)
    for (let i = 0; i < testPerType; i += 1) await writePart(options, join(dir, "test", type), "test", i, type);
}

/** The random numbers of one picture of a data set, by its split, kind and index: more pictures of one kind change no other. */
export function partRandom(seed: number, split: "train" | "test", defect: DefectType | null, index: number): Random {
  const kind = defect === null ? 0 : 1 + DEFECT_TYPES.indexOf(defect);
  return createRandom(seedOf(seed, split === "train" ? 1 : 2, kind, index));
}

async function writePart(
  { dir, line, seed, size }: DemoDatasetOptions,
  folder: string,
  split: "train" | "test",
  index: number,
  defect: DefectType | null,
): Promise<void> {
  const random = partRandom(seed, split, defect, index);
  const { pixels, mask } = line.renderPart({ random, size, defect });
  const name = String(index).padStart(3, "0");
  await writePng(join(folder, `${name}.png`), pixels, size, 3);
  if (defect === null) return;
  const white = mask.map((value) => 255 * value);
  await writePng(join(dir, "ground_truth", defect, `${name}_mask.png`), white, size, 1);
}
