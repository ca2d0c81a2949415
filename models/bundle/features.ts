/** `retort features`: what a teacher makes of a picture, for checking weights by hand. */
import { CodedError } from "../../errors.js";
import type { Graph } from "../graph/graph.js";
import { TAPS, type Taps } from "../network/backbones/backbone.js";
import { CONVNEXT_NAMES, type ConvNextName } from "../network/backbones/convnext.js";
import { loadStages } from "../network/load.js";
import { type InputSize, mapsGraph, teacherGraph } from "../network/rd.js";
import { encodeModel } from "../onnx/encode.js";
import { floatsOf, openSession, Tensor } from "../onnx/session.js";
import { readRgb } from "../pictures/images.js";
import { openTeacher, requireNoneOfOnnx, type TeacherOptions } from "./teacher.js";

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

/** What a graph yields as f1, f2 and so on, by the names that users know. */
interface NamedMaps {
  readonly names: readonly string[];
  readonly graph: Graph;
}

/**
 * The figures of a teacher's maps of a picture, which is scaled to `size` as training scales it; of a ConvNeXt both kinds of {@link Taps},
 * or those that `options.taps` names, and with the raw ones the fourth stage's, where the file has it.
 * @throws CodedError of openTeacher and loadStages, IMAGE_UNREADABLE
 */
export async function teacherFeatures(
  options: TeacherOptions,
  picture: string,
  size: InputSize,
): Promise<readonly TapFigures[]> {
  const pixels = await readRgb(picture, size);
  const image = new Tensor("uint8", pixels, [1, size.height, size.width, 3]);
  const found: TapFigures[] = [];
  for (const { names, graph } of await mapsOf(options, size)) {
    const session = await openSession(encodeModel(graph));
    try {
      const outputs = await session.run({ image });
      names.forEach((name, index) => {
        const map = outputs[`f${index + 1}`];
        found.push({ name, shape: map!.dims, ...figuresOf(floatsOf(map)) });
      });
    } finally {
      await session.close();
    }
  }
  return found;
}

async function mapsOf(options: TeacherOptions, size: InputSize): Promise<readonly NamedMaps[]> {
  const arch = CONVNEXT_NAMES.find((name) => name === options.arch);
  if (arch === undefined) return [await tapsOf(options, size)];
  const { taps = TAPS, ...convNext } = options;
  requireNoneOfOnnx(convNext);
  const kinds = taps.map(requireTaps);
  return Promise.all(kinds.map((kind) => stagesOf(options.teacher, arch, { size, kind })));
}

async function tapsOf(options: TeacherOptions, size: InputSize): Promise<NamedMaps> {
  const { backbone, weights } = await openTeacher(options, size);
  return { names: backbone.taps, graph: teacherGraph(backbone, weights, size) };
}

async function stagesOf(
  path: string,
  arch: ConvNextName,
  { size, kind }: { readonly size: InputSize; readonly kind: Taps },
): Promise<NamedMaps> {
  const { backbone, count, weights } = await loadStages(path, arch, kind);
  const graph = mapsGraph(backbone, weights, size, (layers, image) => backbone.stages(layers, image, count));
  return { names: [...backbone.taps, "stage4"].slice(0, count), graph };
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
