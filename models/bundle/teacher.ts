import { readFile } from "node:fs/promises";
import { CodedError, messageOf } from "../../errors.js";
import { type EmbeddedNetwork, embed } from "../graph/embedded.js";
import { Graph } from "../graph/graph.js";
import {
  type ChannelOrder,
  IMAGENET,
  type Preprocessing,
  type Scale,
  type Variant,
} from "../network/backbones/backbone.js";
import { EMBEDDED_NAME, embeddedBackbone } from "../network/backbones/embedded.js";
import { loadTeacher, type Teacher } from "../network/load.js";
import type { InputSize } from "../network/rd.js";
import { encodeModel } from "../onnx/encode.js";
import { foreignNetwork } from "../onnx/foreign/network.js";
import { floats, openSession } from "../onnx/session.js";
import { sha256OfFile } from "../sha256.js";
import { requireFinite } from "../weights/weights.js";

/** Which teacher, and what of it. */
export interface TeacherOptions {
  /** An architecture of ours, or `onnx`: a network that the file holds itself. */
  readonly arch: string;
  /** Of a ConvNeXt; `retort` unless given. */
  readonly variant?: Variant;
  /** .safetensors or .pth, torchvision's names; a ConvNeXt's may be timm's. Of `onnx`, an ONNX model. */
  readonly teacher: string;
  /** Of `onnx`: the names of its three maps, fine to coarse. */
  readonly taps?: readonly string[];
  /** Of `onnx`: what is done to a picture before it; ImageNet's unless given. */
  readonly mean?: readonly number[];
  readonly deviation?: readonly number[];
  readonly scale?: number;
  /** Of `onnx`: which plane of its image is the first; mean and deviation stay in the order red, green, blue. */
  readonly channelOrder?: ChannelOrder;
}

/**
 * The teacher of a training, an export or a look at its features.
 * @throws CodedError OPTION_INVALID, those of {@link loadTeacher}; of `onnx` WEIGHTS_UNREADABLE, TEACHER_UNFIT and MODEL_*
 */
export async function openTeacher(options: TeacherOptions, size: InputSize): Promise<Teacher> {
  const { arch, variant, teacher } = options;
  if (arch === EMBEDDED_NAME) return openEmbedded(options, size);
  requireNoneOfOnnx(options);
  return loadTeacher(teacher, arch, variant);
}

/** Refuses, of an architecture of ours, what only an ONNX teacher needs said. @throws CodedError OPTION_INVALID */
export function requireNoneOfOnnx(options: TeacherOptions): void {
  for (const name of ["taps", "mean", "deviation", "scale", "channelOrder"] as const) {
    if (options[name] === undefined) continue;
    const option = name === "channelOrder" ? "channel-order" : name;
    throw wrongOption(option, `--${option} is of a teacher from ONNX, and --arch is ${options.arch}`, "Leave it out.");
  }
}

async function openEmbedded(options: TeacherOptions, size: InputSize): Promise<Teacher> {
  const { teacher: path, variant } = options;
  if (variant !== undefined)
    throw wrongOption("variant", `--variant is ${variant}, and onnx has no variants`, "Leave it out.");
  const taps = threeOf(
    "taps",
    options.taps,
    "Name the teacher's three maps, fine to coarse: --taps stage1,stage2,stage3.",
  );
  if (new Set(taps).size !== 3)
    throw wrongOption("taps", "--taps names a map twice", "Name three maps, fine to coarse.");
  const preprocessing = preprocessingOf(options);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new CodedError("WEIGHTS_UNREADABLE", `cannot read the teacher: ${messageOf(cause)}`, {
      ...{ at: path, cause, remedy: "Check the path and the file's permissions." },
    });
  });
  const network = foreignNetwork(bytes, taps, path);
  requireFinite(
    new Map(
      [...network.constants].flatMap(([name, { data, shape }]) =>
        data instanceof Float32Array ? [[name, { data, shape }]] : [],
      ),
    ),
    path,
  );
  const scales = scalesOf(await measured(network, size, path), size, taps, path);
  return {
    backbone: embeddedBackbone(network, scales, preprocessing),
    weights: new Map(),
    sha256: await sha256OfFile(path),
  };
}

function preprocessingOf({
  mean,
  deviation,
  scale = IMAGENET.scale,
  channelOrder = "rgb",
}: TeacherOptions): Preprocessing {
  const three = "Give three numbers, of red, green and blue: 0.485,0.456,0.406.";
  const means = threeOf("mean", mean ?? IMAGENET.mean, three);
  const deviations = threeOf("deviation", deviation ?? IMAGENET.deviation, three);
  if (!means.every(Number.isFinite)) throw wrongOption("mean", `--mean is ${means.join()}`, three);
  if (!deviations.every((each) => Number.isFinite(each) && each > 0)) {
    throw wrongOption("deviation", `--deviation is ${deviations.join()}`, "Give three numbers above 0.");
  }
  if (!(Number.isFinite(scale) && scale > 0))
    throw wrongOption("scale", `--scale is ${scale}`, "Give a number above 0.");
  return { mean: means, deviation: deviations, scale, order: channelOrder };
}

function threeOf<Each>(name: string, list: readonly Each[] | undefined, remedy: string): readonly [Each, Each, Each] {
  const [first, second, third, ...more] = list ?? [];
  if (first === undefined || second === undefined || third === undefined || more.length > 0) {
    throw wrongOption(name, `--${name} has ${list?.length ?? 0} of three`, remedy);
  }
  return [first, second, third];
}

function wrongOption(at: string, message: string, remedy: string): CodedError {
  return new CodedError("OPTION_INVALID", message, { at, remedy });
}

/** The shapes of the maps of one picture and of two: what a network makes of other numbers of pictures follows from both. */
async function measured(
  network: EmbeddedNetwork,
  { width, height }: InputSize,
  at: string,
): Promise<readonly (readonly [one: readonly number[], two: readonly number[]])[]> {
  const g = new Graph("probe");
  const image = g.input("image", "float32", ["N", 3, height, width]);
  const open = ["N", "C", "H", "W"].map((axis) => `${axis} of a map`);
  const maps = embed(g, network, image, [open, open, open]);
  maps.forEach(
    (map, index) =>
      void g.output(
        g.node(
          "Identity",
          [map],
          map.shape.map((each) => `${each} ${index}`),
          { name: `f${index}` },
        ),
      ),
  );
  try {
    const session = await openSession(encodeModel(g));
    try {
      const shapes: (readonly (readonly number[])[])[] = [];
      for (const images of [1, 2]) {
        const outputs = await session.run({
          image: floats(new Float32Array(images * 3 * height * width), [images, 3, height, width]),
        });
        shapes.push(maps.map((_, index) => outputs[`f${index}`]!.dims));
      }
      return maps.map((_, index) => [shapes[0]![index]!, shapes[1]![index]!]);
    } finally {
      await session.close();
    }
  } catch (cause) {
    const size = `[1, 3, ${height}, ${width}] and [2, 3, ${height}, ${width}]`;
    const remedy = "Choose another --size, or export the network with a dynamic batch, height and width.";
    throw new CodedError("TEACHER_UNFIT", `ONNX Runtime cannot run the teacher on ${size}: ${messageOf(cause)}`, {
      ...{ at, cause, remedy },
    });
  }
}

function scalesOf(
  shapes: readonly (readonly [readonly number[], readonly number[]])[],
  { width, height }: InputSize,
  taps: readonly string[],
  at: string,
): readonly [Scale, Scale, Scale] {
  const refuse = (message: string) => new CodedError("TEACHER_UNFIT", message, { at });
  const scales = shapes.map(([one, two], index): Scale => {
    const [images, channels = 0, rows = 0, columns = 0] = one;
    const shown = `${taps[index]} is [${one.join(", ")}]`;
    if (one.length !== 4 || images !== 1) throw refuse(`${shown}, no map [N, channels, height, width]`);
    if (two.join() !== [2, channels, rows, columns].join())
      throw refuse(`${shown}, of two pictures [${two.join(", ")}]`);
    const stride = width / columns;
    if (!Number.isInteger(stride) || stride !== height / rows) {
      throw refuse(`${shown}: its places are no whole number of pixels of a picture of ${width} x ${height}`);
    }
    return { channels, stride };
  });
  const [fine, middle, coarse] = scales;
  const strides = scales.map(({ stride }) => stride).join(", ");
  if (middle!.stride !== 2 * fine!.stride || coarse!.stride !== 2 * middle!.stride) {
    throw refuse(`its maps are at strides ${strides}; each must be twice that of the one before, such as 4, 8, 16`);
  }
  if ([width, height].some((side) => side % (2 * coarse!.stride) !== 0)) {
    throw refuse(
      `at strides ${strides}, width and height must be multiples of ${2 * coarse!.stride}, and are ${width} x ${height}`,
    );
  }
  return [fine!, middle!, coarse!];
}
