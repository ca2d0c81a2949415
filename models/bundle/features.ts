/** `retort features`: what a teacher makes of a picture, for checking weights by hand. */
import { CodedError } from "../../errors.js";
import { TAPS, type Taps } from "../network/backbones/backbone.js";
import { CONVNEXT_NAMES } from "../network/backbones/convnext.js";
import { type InputSize, teacherGraph } from "../network/rd.js";
import { encodeModel } from "../onnx/encode.js";
import { floatsOf, openSession, Tensor } from "../onnx/session.js";
import { readRgb } from "../pictures/images.js";
import { openTeacher, type TeacherOptions } from "./teacher.js";

/** A tap's map of one picture, in figures; float32 [1, channels, height, width], row-major. */
export interface TapFigures {
  readonly name: string;
  readonly shape: readonly number[];
  readonly mean: number;
  /** With n - 1. */
  readonly deviation: number;
  /** The first four values and the last four. */
  readonly first: readonly number[];
  readonly last: readonly number[];
}

const SHOWN = 4;

/**
 * The figures of a teacher's three maps of a picture, which is scaled to `size` as training scales it; of a ConvNeXt both kinds of
 * {@link Taps}, or those that `options.taps` names.
 * @throws CodedError of openTeacher, IMAGE_UNREADABLE
 */
export async function teacherFeatures(
  options: TeacherOptions,
  picture: string,
  size: InputSize,
): Promise<readonly TapFigures[]> {
  const pixels = await readRgb(picture, size);
  const image = new Tensor("uint8", pixels, [1, size.height, size.width, 3]);
  const found: TapFigures[] = [];
  const { taps, ...convNext } = options;
  const opened = CONVNEXT_NAMES.some((name) => name === options.arch)
    ? (taps ?? TAPS).map((kind) => openTeacher(convNext, size, requireTaps(kind)))
    : [openTeacher(options, size)];
  for (const { backbone, weights } of await Promise.all(opened)) {
    const session = await openSession(encodeModel(teacherGraph(backbone, weights, size)));
    try {
      const outputs = await session.run({ image });
      backbone.taps.forEach((name, index) => {
        const map = outputs[`f${index + 1}`];
        found.push({ name, shape: map!.dims, ...figuresOf(floatsOf(map)) });
      });
    } finally {
      await session.close();
    }
  }
  return found;
}

function figuresOf(values: Float32Array): Omit<TapFigures, "name" | "shape"> {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    ...{ mean, deviation: Math.sqrt(squares / (values.length - 1)) },
    ...{ first: [...values.subarray(0, SHOWN)], last: [...values.subarray(-SHOWN)] },
  };
}

function requireTaps(kind: string): Taps {
  const found = TAPS.find((each) => each === kind);
  if (found !== undefined) return found;
  throw new CodedError("OPTION_INVALID", `--taps is ${kind}`, {
    ...{ at: "taps", remedy: `A ConvNeXt's maps are ${TAPS.join(" or ")}.` },
  });
}
