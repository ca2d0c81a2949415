import type { KnownPicture } from "../../agent/inference/precision.js";
import type { Size } from "../../agent/types.js";
import { createDemoLine, createDemoStream } from "../../models/demo-line/index.js";

const FRAMES_PER_PART = 6;

/** Parts of the demo line, every third of them bad, each once and in the middle of its picture: the same ones every time. */
export async function* drawnParts(size: Size, parts: number): AsyncIterable<KnownPicture> {
  const line = createDemoStream({
    ...{ line: createDemoLine(), seed: 7, size, framesPerPart: FRAMES_PER_PART, defectEvery: 3 },
  });
  for (let number = 0; number < parts * FRAMES_PER_PART; number += 1) {
    const { pixels, defect } = line.next();
    if (number % FRAMES_PER_PART === FRAMES_PER_PART / 2) yield { bad: defect !== null, pixels };
  }
}
