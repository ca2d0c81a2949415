import type { Bundle } from "../bundle/bundle.js";
import { readModel } from "../onnx/checked-model.js";
import { floatsOf, openSession, Tensor } from "../onnx/session.js";
import { overlayHeat } from "../pictures/heatmap.js";
import { writeJpeg } from "../pictures/images.js";
import { createRandom, seedOf } from "../random.js";
import type { DemoLine } from "./line.js";
import { DEFECT_TYPES } from "./types.js";

/** The README's picture: a part with each type of defect, and below it what the bundle's model makes of it. */
export async function writeDemoPicture(path: string, line: DemoLine, { modelPath, manifest }: Bundle): Promise<void> {
  const { input: size, threshold } = manifest;
  const { width, height } = size;
  const whole = { width: width * DEFECT_TYPES.length, height: height * 2 };
  const canvas = new Uint8Array(whole.width * whole.height * 3);
  const paste = (tile: Uint8Array, column: number, row: number): void => {
    for (let y = 0; y < height; y += 1) {
      const at = ((row * height + y) * whole.width + column * width) * 3;
      canvas.set(tile.subarray(y * width * 3, (y + 1) * width * 3), at);
    }
  };
  const session = await openSession(await readModel(modelPath, manifest));
  try {
    for (const [column, defect] of DEFECT_TYPES.entries()) {
      const { pixels } = line.renderPart({ random: createRandom(seedOf(7, column)), size, defect });
      const { map } = await session.run({ image: new Tensor("uint8", pixels, [1, height, width, 3]) });
      paste(pixels, column, 0);
      paste(overlayHeat(pixels, floatsOf(map), threshold / 2, threshold * 2), column, 1);
    }
  } finally {
    await session.close();
  }
  await writeJpeg(path, canvas, whole);
}
