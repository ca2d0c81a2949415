import { inputSizeOf } from "../network/input-size.js";
import { loadStudent } from "../network/load.js";
import { type InputSize, inferenceGraph } from "../network/rd.js";
import { encodeModel } from "../onnx/encode.js";
import { type Bundle, writeBundle } from "./bundle.js";
import { architectureOf, bundleIdentity } from "./identity.js";
import { openTeacher, type TeacherOptions } from "./teacher.js";
import { requireWritableBundle } from "./writable.js";

export interface ExportOptions extends TeacherOptions {
  /** .safetensors or .pth, RD4AD's names and its checkpoints; the mirror image's are those of mirrored.ts */
  readonly student: string;
  readonly out: string;
  /** The bundle's name; its folder's unless given. */
  readonly name?: string;
  /** The bundle's version; the date unless given. */
  readonly version?: string;
  /** Of pictures, pixels: a side of the square, or width and height; multiples of 32. */
  readonly size?: number | InputSize;
  /** Until the bundle is calibrated; the sum of three cosine distances lies between 0 and 6. */
  readonly threshold?: number;
}

/** A bundle from existing weights; its threshold is no more than a first guess. @throws CodedError */
export async function exportBundle(options: ExportOptions): Promise<Bundle> {
  const input = inputSizeOf(options.size ?? 256);
  const identity = bundleIdentity(options.out, options);
  await requireWritableBundle(options.out, [options.teacher]);
  const teacher = await openTeacher(options, input);
  const student = await loadStudent(options.student, teacher.backbone);
  const onnx = encodeModel(inferenceGraph(teacher.backbone, { teacher: teacher.weights, student }, input));
  return writeBundle(options.out, onnx, {
    ...identity,
    ...architectureOf(teacher.backbone),
    input,
    threshold: options.threshold ?? 1,
    calibration: null,
    training: null,
  });
}
