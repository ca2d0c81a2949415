import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resnet } from "../../models/network/backbones/resnet.js";
import { teacherParameters } from "../../models/network/parameters.js";
import { writePng } from "../../models/pictures/images.js";
import { createRandom } from "../../models/random.js";
import { initialWeights } from "../../models/training/initial.js";
import { encodeSafetensors } from "../../models/weights/safetensors.js";

/** A ResNet-18 of eight stem channels, as drawn: quick to train against. Returns its path. */
export async function writeSmallTeacher(dir: string): Promise<string> {
  const path = join(dir, "teacher.safetensors");
  const weights = initialWeights(teacherParameters(resnet("resnet18", 8)), createRandom(3));
  await writeFile(path, encodeSafetensors(weights));
  return path;
}

/** Noisy stripes, 64 x 64. Returns the folder. */
export async function writeGoodPictures(dir: string, count: number): Promise<string> {
  const folder = join(dir, "good");
  await mkdir(folder, { recursive: true });
  const random = createRandom(9);
  const size = { width: 64, height: 64 };
  for (let index = 0; index < count; index += 1) {
    const pixels = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => 100 + 60 * ((at >> 5) % 2) + random.int(40));
    await writePng(join(folder, `${String(index).padStart(2, "0")}.png`), pixels, size, 3);
  }
  return folder;
}
