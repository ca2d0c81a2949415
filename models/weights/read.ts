import { access, constants } from "node:fs/promises";
import { CodedError, messageOf } from "../../errors.js";
import { readSafetensors } from "./safetensors.js";
import { withBytes } from "./torch/bytes.js";
import { PickleRefusal } from "./torch/pickle.js";
import { readTorch } from "./torch/read.js";
import type { Weights } from "./weights.js";

const TORCH = /\.(pth|pt|bin)$/i;

/**
 * The tensors of a file: .safetensors, or what torch.save wrote (.pth, .pt, .bin), of which nothing is executed.
 * @throws CodedError WEIGHTS_FORMAT, WEIGHTS_UNREADABLE, WEIGHTS_REFUSED
 */
export async function readWeights(path: string): Promise<Weights> {
  // A file that is not there is refused as such, whatever its name ends with.
  await access(path, constants.R_OK).catch((error: unknown) => {
    throw new CodedError("WEIGHTS_UNREADABLE", `cannot read weights: ${messageOf(error)}`, {
      at: path,
      remedy: "Check the path and the file's permissions.",
      cause: error,
    });
  });
  if (path.endsWith(".safetensors")) return readSafetensors(path);
  if (!TORCH.test(path)) {
    const remedy = path.endsWith(".onnx")
      ? {
          remedy: "A teacher from ONNX is given with --arch onnx, and --taps names its three maps; a student has none.",
        }
      : {};
    const message = "weights are read from .safetensors, .pth and .pt files";
    throw new CodedError("WEIGHTS_FORMAT", message, { at: path, ...remedy });
  }
  try {
    return await withBytes(path, readTorch);
  } catch (error) {
    const code = error instanceof PickleRefusal ? "WEIGHTS_REFUSED" : "WEIGHTS_UNREADABLE";
    throw new CodedError(code, `cannot read weights: ${messageOf(error)}`, { at: path, cause: error });
  }
}
