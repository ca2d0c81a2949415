import { join } from "node:path";
import { type Bundle, writeBundle } from "../../models/bundle/bundle.js";
import { resnet } from "../../models/network/backbones/resnet.js";
import { studentParameters, teacherParameters } from "../../models/network/parameters.js";
import { inferenceGraph } from "../../models/network/rd.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { createRandom } from "../../models/random.js";
import { initialWeights } from "../../models/training/initial.js";

/** A bundle of a ResNet-18 of eight stem channels and its student, as drawn, below a folder; its threshold is 2. */
export function writeSmallBundle(dir: string, input = { width: 64, height: 64 }): Promise<Bundle> {
  const backbone = resnet("resnet18", 8);
  const teacher = initialWeights(teacherParameters(backbone), createRandom(3));
  const student = initialWeights(studentParameters(backbone), createRandom(4));
  return writeBundle(join(dir, "small"), encodeModel(inferenceGraph(backbone, { teacher, student }, input)), {
    ...{ name: "small", version: "1", arch: "resnet18", input, threshold: 2 },
    ...{ calibration: null, training: null, created: "2026-01-01T00:00:00.000Z" },
  });
}
