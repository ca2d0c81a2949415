import { CodedError } from "../../errors.js";
import { sha256OfFile } from "../bundle/bundle.js";
import { type Arch, archOf } from "../network/arch.js";
import { studentParameters, teacherParameters } from "../network/declared-layers.js";
import { unusedInTeacher } from "../network/resnet.js";
import { unusedInStudent } from "../network/student.js";
import { readSafetensors } from "./safetensors.js";
import { requireExactly, requireFinite, type Weights } from "./weights.js";

export interface Teacher {
  readonly arch: Arch;
  readonly weights: Weights;
  /** Of the file. */
  readonly sha256: string;
}

/**
 * A teacher's weights, torchvision's names; a stem of fewer than 64 channels makes a narrower network of the same architecture.
 * @throws CodedError ARCH_UNKNOWN, WEIGHTS_FORMAT, WEIGHTS_UNREADABLE, WEIGHTS_MISMATCH or WEIGHTS_NOT_FINITE
 */
export async function loadTeacher(path: string, archName: string): Promise<Teacher> {
  archOf(archName);
  const weights = await read(path);
  const arch = archOf(archName, weights.get("conv1.weight")?.shape[0]);
  requireExactly(weights, teacherParameters(arch), { from: path, ignore: unusedInTeacher });
  requireFinite(weights, path);
  return { arch, weights, sha256: await sha256OfFile(path) };
}

/** A student's weights, RD4AD's names: `bn.` for the bottleneck and `decoder.`. @throws as {@link loadTeacher} */
export async function loadStudent(path: string, arch: Arch): Promise<Weights> {
  const weights = await read(path);
  requireExactly(weights, studentParameters(arch), { from: path, ignore: unusedInStudent });
  requireFinite(weights, path);
  return weights;
}

async function read(path: string): Promise<Weights> {
  if (!path.endsWith(".safetensors")) {
    throw new CodedError("WEIGHTS_FORMAT", "weights are read from .safetensors files", {
      at: path,
      remedy: "Convert them to .safetensors, the tensor names unchanged.",
    });
  }
  return readSafetensors(path);
}
