/** What of a detector an ablation compares: teacher, student, what it is taught by, and for how long. */
import { basename, extname } from "node:path";
import { CodedError } from "../../errors.js";
import { openTeacher } from "../bundle/teacher.js";
import { type Backbone, VARIANTS, type Variant } from "../network/backbones/backbone.js";
import { EMBEDDED_NAME } from "../network/backbones/embedded.js";
import { backboneOf } from "../network/backbones/index.js";
import { loadTeacher } from "../network/load.js";
import { OBJECTIVES, type Objective } from "../network/objective.js";
import { teacherParameters } from "../network/parameters.js";

/** `width`: channels of its first convolution; null of an ONNX teacher, whose network is its own. */
export type DesignTeacher =
  | { readonly kind: "file"; readonly path: string; readonly sha256: string; readonly width: number | null }
  /** Weights drawn by chance. */
  | { readonly kind: "random"; readonly width: number };

/** How long a student learns: rounds over the pictures, or steps of a batch, rounded up to whole rounds. */
export type Length = { readonly epochs: number } | { readonly steps: number };

export interface Design {
  readonly arch: string;
  readonly variant: Variant | null;
  /** Of an ONNX teacher: the names of its three maps, fine to coarse. */
  readonly taps?: readonly string[];
  readonly teacher: DesignTeacher;
  /** `mean`: no student, the mean of the teacher's maps in its place. */
  readonly learner: "student" | "mean";
  readonly objective: Objective;
  readonly length: Length;
}

const SYNTAX = /^([a-z0-9_]+)(?::([^+@=]+))?(?:\+([a-z0-9-]+))?(?:@(\d+)(steps)?)?=(.+)$/;
const RANDOM = "random";

/** What designs have in common unless their names say otherwise. */
export interface Usual {
  readonly length: Length;
  /** Side of the input, pixels, that ONNX teachers are tried with. */
  readonly size: number;
}

/**
 * The designs that a text names, `ARCH[:VARIANT][+OBJECTIVE][@EPOCHS or @NUMBERsteps]=TEACHER` each, with commas between; TEACHER is a file of weights
 * or `random`. Of an ONNX teacher the names of its maps stand in place of the variant: `onnx:TAP;TAP;TAP=FILE`. Every file is read, so that a wrong
 * one is known before anything is trained.
 * @throws CodedError OPTION_INVALID, ARCH_UNKNOWN, those of `openTeacher`
 */
export async function designsIn(text: string, usual: Usual): Promise<readonly Design[]> {
  const designs: Design[] = [];
  for (const each of text.split(",").filter((part) => part !== "")) designs.push(await designIn(each, usual));
  return designs;
}

async function designIn(text: string, usual: Usual): Promise<Design> {
  const [, arch, which, objective = OBJECTIVES[0], count, isSteps, teacher] = SYNTAX.exec(text) ?? [];
  const isOnnx = arch === EMBEDDED_NAME;
  const variant = VARIANTS.find((each) => each === which) ?? null;
  const isVariant = isOnnx || which === undefined || variant !== null;
  if (arch === undefined || teacher === undefined || !isVariant || (isOnnx && teacher === RANDOM)) {
    throw new CodedError("OPTION_INVALID", `--designs has ${JSON.stringify(text)}`, {
      at: "designs",
      remedy: `Write ARCH=TEACHER or ARCH:VARIANT=TEACHER, such as convnext_tiny:study=FILE; a variant is ${VARIANTS.join(" or ")}. Of an ONNX teacher: "onnx:TAP;TAP;TAP=FILE".`,
    });
  }
  const shared = { objective: objectiveOf(objective), length: lengthOf(count, isSteps) ?? usual.length };
  if (isOnnx) {
    const taps = which?.split(";") ?? [];
    const { sha256 } = await openTeacher({ arch, taps, teacher }, { width: usual.size, height: usual.size });
    const file: DesignTeacher = { kind: "file", path: teacher, sha256, width: null };
    return { arch, variant: null, taps, teacher: file, learner: "student", ...shared };
  }
  const isConvNext = backboneOf(arch, undefined, variant ?? undefined).network !== null;
  return {
    ...{ arch, variant: isConvNext ? (variant ?? "retort") : null, teacher: await teacherIn(teacher, arch, variant) },
    ...{ learner: "student", ...shared },
  };
}

async function teacherIn(path: string, arch: string, variant: Variant | null): Promise<DesignTeacher> {
  if (path === RANDOM) return { kind: RANDOM, width: widthOf(backboneOf(arch, undefined, variant ?? undefined)) };
  const { sha256, backbone } = await loadTeacher(path, arch, variant ?? undefined);
  return { kind: "file", path, sha256, width: widthOf(backbone) };
}

function widthOf(backbone: Backbone): number {
  return teacherParameters(backbone)[0]!.shape[0]!;
}

function lengthOf(count: string | undefined, isSteps: string | undefined): Length | null {
  if (count === undefined) return null;
  return isSteps === undefined ? { epochs: Number(count) } : { steps: Number(count) };
}

/** @throws CodedError OPTION_INVALID */
function objectiveOf(name: string): Objective {
  const known = OBJECTIVES.find((each) => each === name);
  if (known !== undefined) return known;
  throw new CodedError("OPTION_INVALID", `--designs has the objective ${name}`, {
    at: "designs",
    remedy: `Choose of ${OBJECTIVES.join(", ")}.`,
  });
}

/**
 * What designs must be better than: the mean map of each teacher, and each network with a random teacher as wide as its own, with a student and
 * with a mean map. One that is among the designs already is not added.
 */
export function floorsOf(designs: readonly Design[], length: Length): readonly Design[] {
  const plain = designs.map((design): Design => ({ ...design, objective: OBJECTIVES[0], length }));
  const random = plain.flatMap(({ teacher: { width }, ...rest }): readonly Design[] =>
    width === null ? [] : [{ ...rest, teacher: { kind: RANDOM, width } }],
  );
  const means = [...plain, ...random].map((design): Design => ({ ...design, learner: "mean" }));
  const seen = new Set(designs.map(keyOf));
  return [...means, ...random].filter((design) => {
    const key = keyOf(design);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

/** What is there to be beaten is the same however long its student learns. */
function keyOf(design: Design): string {
  const isYardstick = design.learner === "mean" || design.teacher.kind === RANDOM;
  return designName(isYardstick ? { ...design, length: { epochs: 0 } } : design);
}

/** A design's name in the names of files: no two designs have the same. */
export function designName(design: Design): string {
  const { arch, teacher, learner, length } = design;
  const how = learner === "mean" ? "mean" : "epochs" in length ? `e${length.epochs}` : `s${length.steps}`;
  const whose =
    teacher.kind === RANDOM ? `${RANDOM}${teacher.width}` : `${stem(teacher.path)}-${teacher.sha256.slice(0, 8)}`;
  const which = whichOf(design).map((each) => each.replaceAll(/[^\w.]/g, "_"));
  return [arch, ...which, ...objectiveShown(design), how, whose].join("-");
}

/** A design in words, without its teacher. */
export function designText(design: Design): string {
  const network = networkText(design);
  return design.learner === "mean"
    ? `mean map of ${network}`
    : [`RD(${network})`, ...objectiveShown(design)].join(", ");
}

/** The objective, where it is not the usual one. */
function objectiveShown({ objective }: Design): readonly string[] {
  return objective === OBJECTIVES[0] ? [] : [objective];
}

export function networkText(design: Design): string {
  return [design.arch, ...whichOf(design)].join(", ");
}

/** What of the network: its variant, or the names of its maps. */
function whichOf({ variant, taps = [] }: Design): readonly string[] {
  return variant === null ? taps : [variant];
}

export function teacherText({ teacher }: Design): string {
  return teacher.kind === RANDOM ? "random weights" : stem(teacher.path);
}

export function lengthText({ learner, length }: Design): string {
  if (learner === "mean") return "-";
  const [count, what] = "epochs" in length ? [length.epochs, "epoch"] : [length.steps, "step"];
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

const stem = (path: string): string => basename(path, extname(path));
