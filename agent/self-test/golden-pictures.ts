import { relative } from "node:path";
import type { SelfTestConfig } from "../../config/types.js";
import { createDemoLine, createDemoStream } from "../../models/demo-line/index.js";
import { listImages } from "../../models/pictures/folder.js";
import { readRgb } from "../../models/pictures/images.js";
import type { Size } from "../types.js";

/** A picture whose truth is known. */
export interface GoldenPicture {
  readonly name: string;
  readonly bad: boolean;
  /** RGB, [size.height, size.width, 3]; owns its ArrayBuffer. */
  readonly pixels: Uint8Array<ArrayBuffer>;
}

/** A self-test is a sample, not an evaluation: further pictures are left out. */
const MOST_OF_A_KIND = 50;
const DEMO_SEED = 1_234;
const DEMO_BAD = 3;

/**
 * The golden pictures of a model, one after the other, each read or drawn when it is wanted.
 * @param mostOfAKind of the files of a folder, in the order of their names
 * @throws CodedError IMAGE_FOLDER_MISSING, IMAGE_FOLDER_EMPTY, IMAGE_UNREADABLE
 */
export async function* goldenPictures(
  { path, goodPath }: SelfTestConfig,
  size: Size,
  mostOfAKind = MOST_OF_A_KIND,
): AsyncIterable<GoldenPicture> {
  if (path === "demo") return yield* demoPictures(size);
  yield* picturesIn(path, { bad: true, size, most: mostOfAKind });
  if (goodPath !== null) yield* picturesIn(goodPath, { bad: false, size, most: mostOfAKind });
}

async function* picturesIn(
  folder: string,
  { bad, size, most }: { readonly bad: boolean; readonly size: Size; readonly most: number },
): AsyncIterable<GoldenPicture> {
  const files = await listImages(folder, { recursive: true });
  for (const file of files.slice(0, most)) {
    yield { name: relative(folder, file), bad, pixels: await readRgb(file, size) };
  }
}

/** Parts of the demo line, drawn: the same ones every time. */
async function* demoPictures(size: Size): AsyncIterable<GoldenPicture> {
  const framesPerPart = 6;
  const line = createDemoStream({ line: createDemoLine(), seed: DEMO_SEED, size, framesPerPart, defectEvery: 4 });
  let bad = 0;
  for (let number = 0; bad < DEMO_BAD; number += 1) {
    // A turn of the event loop for each: drawing must never starve what else waits for this thread.
    await new Promise((resolve) => setImmediate(resolve));
    const { pixels, part, defect } = line.next();
    // Each part once, in the middle of the picture; of the good ones the first.
    if (number % framesPerPart !== framesPerPart / 2) continue;
    if (defect === null && part > 1) continue;
    if (defect !== null) bad += 1;
    yield { name: `${part}, ${defect ?? "good"}`, bad: defect !== null, pixels };
  }
}
