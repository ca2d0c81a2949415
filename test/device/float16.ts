import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readBundle } from "../../models/bundle/bundle.js";
import { writePng } from "../../models/pictures/images.js";
import { quantizeBundle } from "../../models/quantize/quantize.js";
import { drawnParts } from "./pictures.js";

/** A third of them are bad, and not looked at. */
const PARTS = 24;

/** Makes the float16 bundle of a float32 one, judged by good parts of the demo line. @param folder of its pictures, for the time being */
export async function float16(bundle: string, folder: string): Promise<string> {
  const { input } = (await readBundle(bundle)).manifest;
  const calibration = join(folder, "good");
  await mkdir(calibration, { recursive: true });
  let written = 0;
  for await (const { bad, pixels } of drawnParts(input, PARTS)) {
    if (bad) continue;
    await writePng(join(calibration, `${written}.png`), pixels, input, 3);
    written += 1;
  }
  const out = join(folder, "fp16");
  await quantizeBundle({ bundle, calibration, out, precision: "fp16" });
  return out;
}
