import type { Node, Tensor } from "../onnx/check/messages.js";
import { nodeOf, tensorOf } from "../onnx/parts.js";
import type { Layer } from "./layers.js";

export interface Weaving {
  readonly nodes: readonly Node[];
  readonly shapes: readonly Tensor[];
  /** Values that need whole numbers of their own behind them; the next node reads them as `NAME/read`. */
  readonly paired: ReadonlySet<string>;
}

/**
 * A transposed convolution of 2 x 2 and stride 2 as a plain one to four times the channels, whose squares are then woven. ONNX Runtime
 * has no transposed convolution of whole numbers, and no DepthToSpace (microsoft/onnxruntime 21287), so that it is reshaped and transposed.
 * @param input of the plain convolution
 * @param size of what the layer takes, and the channels that it yields
 */
export function weaving(
  input: readonly string[],
  { name, output, relu }: Layer,
  { channels, height, width }: { readonly channels: number; readonly height: number; readonly width: number },
): Weaving {
  const steps = ["squares", "rectified", "apart", "woven"].map((step) => `${name}/${step}`);
  const [squares = "", rectified = "", apart = "", woven = ""] = steps;
  const last = relu ? rectified : squares;
  const shape = (of: string, sizes: readonly number[]) =>
    tensorOf(`${of}/shape`, BigInt64Array.from(sizes, BigInt), [sizes.length]);
  const shapes = [
    shape(apart, [-1, 2, 2, channels, height, width]),
    shape(output, [-1, channels, 2 * height, 2 * width]),
  ];
  const nodes = [
    nodeOf("Conv", input, squares, { kernel_shape: [1, 1] }),
    ...(relu ? [nodeOf("Relu", [squares], rectified)] : []),
    nodeOf("Reshape", [`${last}/read`, `${apart}/shape`], apart),
    nodeOf("Transpose", [`${apart}/read`], woven, { perm: [0, 3, 4, 1, 5, 2] }),
    nodeOf("Reshape", [`${woven}/read`, `${output}/shape`], output),
  ];
  return { nodes, shapes, paired: new Set([last, apart, woven]) };
}
