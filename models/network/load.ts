import { sha256OfFile } from "../sha256.js";
import { imported, tableOf, undistributed } from "../weights/importers/name-table.js";
import { RD4AD } from "../weights/importers/rd4ad.js";
import { convNextOfTimm } from "../weights/importers/timm.js";
import { TORCHVISION } from "../weights/importers/torchvision.js";
import { readWeights } from "../weights/read.js";
import { requireExactly, requireFinite, type Weights } from "../weights/weights.js";
import type { Backbone, Taps, Variant } from "./backbones/backbone.js";
import { CLASSIFIER, type ConvNext, type ConvNextName, convnext, FOURTH_STAGE } from "./backbones/convnext.js";
import { backboneOf } from "./backbones/index.js";
import { stageParameters, studentParameters, teacherParameters } from "./parameters.js";

export interface Teacher {
  readonly backbone: Backbone;
  /** Exactly the backbone's tensors. */
  readonly weights: Weights;
  /** sha256 of the file, hexadecimal. */
  readonly sha256: string;
}

/**
 * A teacher from a file with torchvision's names, a ConvNeXt's with timm's too. Its weights settle what the architecture's name leaves
 * open, such as the channels of a narrower network.
 * @param variant of a ConvNeXt; `retort` unless given
 * @throws CodedError ARCH_UNKNOWN, OPTION_INVALID (a variant of a ResNet), WEIGHTS_FORMAT, WEIGHTS_UNREADABLE, WEIGHTS_REFUSED,
 * WEIGHTS_MISMATCH or WEIGHTS_NOT_FINITE
 */
export async function loadTeacher(path: string, arch: string, variant?: Variant): Promise<Teacher> {
  const { network } = backboneOf(arch, undefined, variant);
  const whole = undistributed(await readWeights(path));
  const file = imported(network === null ? whole : convNextOfTimm(whole), TORCHVISION);
  const backbone = backboneOf(arch, file, variant);
  const weights = imported(file, backbone);
  requireExactly(weights, teacherParameters(backbone), path);
  requireFinite(weights, path);
  return { backbone, weights, sha256: await sha256OfFile(path) };
}

/** The stages of a ConvNeXt that a file holds: all four, or the three that RD takes its maps from; their maps as the network was trained. */
export interface Stages {
  readonly backbone: ConvNext;
  readonly count: 3 | 4;
  /** Exactly those stages' tensors. */
  readonly weights: Weights;
}

/**
 * A ConvNeXt's stages for checking weights: all of them where their maps are raw, else three. Where the file has anything of the fourth one, it must
 * have all of it.
 * @throws CodedError WEIGHTS_FORMAT, WEIGHTS_UNREADABLE, WEIGHTS_REFUSED, WEIGHTS_MISMATCH or WEIGHTS_NOT_FINITE
 */
export async function loadStages(path: string, arch: ConvNextName, taps: Taps): Promise<Stages> {
  const file = imported(convNextOfTimm(undistributed(await readWeights(path))), TORCHVISION);
  const backbone = convnext(arch, { channels: file.get("features.0.0.weight")?.shape[0], taps, edges: "zeros" });
  const isWhole = taps === "raw" && [...file.keys()].some((name) => FOURTH_STAGE.test(name));
  const count = isWhole ? 4 : 3;
  const weights = imported(file, count === 4 ? tableOf([CLASSIFIER]) : backbone);
  requireExactly(weights, stageParameters(backbone, count), path);
  requireFinite(weights, path);
  return { backbone, count, weights };
}

/**
 * A student's weights from a file with RD4AD's names: `bn.` for the bottleneck and `decoder.`; also a checkpoint of RD4AD's training or of the one here.
 * @throws CodedError WEIGHTS_FORMAT, WEIGHTS_UNREADABLE, WEIGHTS_REFUSED, WEIGHTS_MISMATCH or WEIGHTS_NOT_FINITE
 */
export async function loadStudent(path: string, backbone: Backbone): Promise<Weights> {
  const weights = imported(undistributed(await readWeights(path)), RD4AD);
  requireExactly(weights, studentParameters(backbone), path);
  requireFinite(weights, path);
  return weights;
}
