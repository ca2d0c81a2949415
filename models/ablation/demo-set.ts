import { rename, rm, stat } from "node:fs/promises";
import { createDemoLine, writeDemoDataset } from "../demo-line/index.js";
import type { Size } from "../demo-line/types.js";

/** The name of the data set that is made where no folder holds it. */
export const DEMO_SET = "demo";

/** Pictures of the set: to learn from, good ones to test with, and defective ones of each type. */
export interface DemoSetCounts {
  readonly train: number;
  readonly testGood: number;
  readonly testPerType: number;
}

export const DEMO_COUNTS: DemoSetCounts = { train: 200, testGood: 60, testPerType: 20 };

/** Decides which parts are drawn. */
const SEED = 1;

/** Writes the demo line as a data set, whole or not at all, unless it is there. @returns `dir` */
export async function demoSet(dir: string, size: Size, counts: DemoSetCounts): Promise<string> {
  if (await stat(dir).catch(() => null)) return dir;
  const draft = `${dir}.draft`;
  await rm(draft, { recursive: true, force: true });
  await writeDemoDataset({ dir: draft, line: createDemoLine(), seed: SEED, size, ...counts });
  await rename(draft, dir);
  return dir;
}
