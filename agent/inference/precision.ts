import type { Precision } from "../../config/types.js";
import { CodedError, messageOf } from "../../errors.js";
import type { Bundle, ModelPrecision } from "../../models/bundle/bundle.js";
import type { Size } from "../types.js";
import { type ComparedPicture, differenceOf, judgeOf, tooFar } from "./difference.js";
import type { Engine } from "./engine.js";
import { fixedPictures } from "./fixed-pictures.js";
import type { PrecisionDifference, PrecisionReport } from "./protocol.js";

/** What `retort quantize` writes of a float32 bundle. */
export type LowerPrecision = Exclude<ModelPrecision, "fp32">;

/** A bundle to be opened as it is, or in float16 that is made of it. */
export interface ChosenBundle extends Bundle {
  readonly halve?: boolean;
}

/** A float32 bundle in float16, made of it when it is opened. */
export function halvedBundle(bundle: Bundle): ChosenBundle {
  return { ...bundle, manifest: { ...bundle.manifest, precision: "fp16" }, halve: true };
}

/** A picture whose truth is known. */
export interface KnownPicture extends ComparedPicture {
  readonly bad: boolean;
}

/** An open model and the bundle that it is of. */
export interface OpenModel {
  readonly engine: Engine;
  readonly bundle: ChosenBundle;
}

export interface PrecisionWish {
  readonly asked: Precision;
  /** What a lower precision's scores may differ by; see PrecisionDifference. */
  readonly limit: number;
  /** Opens the model in that precision, for that provider; null where there is no bundle of it, and none is made. Rejects where it cannot be run. */
  readonly open: (precision: LowerPrecision, provider: string) => Promise<OpenModel> | null;
  /** The provider that is to run the model later, where that is another one than runs it now. */
  readonly aim?: string;
  /** At most so many good and so many bad ones; null where the model has none. */
  readonly golden: ((size: Size, mostOfAKind: number) => AsyncIterable<KnownPicture>) | null;
}

/** More of a kind than these would hold the first frame back for seconds. */
const MOST_OF_A_KIND = 12;

/** The report on a model that is computed in its own precision, since there is no other one of it. */
export function asItIs(asked: Precision, used: ModelPrecision): PrecisionReport {
  const reason = asked === used ? "as asked" : "its own: float16 is made on GPUs only, int8 by retort quantize";
  return { asked, used, reason, difference: null };
}

/** What was made of choosing a model's precision. */
export interface PrecisionChoice {
  readonly model: OpenModel;
  readonly report: PrecisionReport;
  /** Whether the same bundles and settings would end the same: not where a precision was refused for what may pass, such as pictures that cannot be read. */
  readonly lasting: boolean;
}

/** A lower precision that is not to be taken, for what it is. */
class Unfit extends Error {}

/**
 * Which of a model's precisions judges: the first of those that are asked for whose scores on the golden pictures are the float model's, within the
 * limit; else the float model. The others are closed. Where there are no golden pictures a bundle is taken whose precision was asked for by name, and what
 * was made of the float model is compared on pictures that are always the same.
 */
export async function choosePrecision(own: OpenModel, wish: PrecisionWish): Promise<PrecisionChoice> {
  const { asked } = wish;
  const used = own.bundle.manifest.precision ?? "fp32";
  const provider = wish.aim ?? own.engine.providers().used;
  const wanted = used === "fp32" ? wantedOn(provider, asked) : [];
  const refused: string[] = [];
  let lasting = true;
  for (const precision of wanted) {
    const opening = wish.open(precision, provider);
    if (opening === null) continue;
    let lower: OpenModel | undefined;
    try {
      lower = await opening;
      const { precision: found = "fp32" } = lower.bundle.manifest;
      if (found !== precision) throw new Unfit(`its bundle is in ${found}`);
      const { difference, reason } = await judged(own, lower, wish);
      await own.engine.close();
      return { model: lower, report: { asked, used: precision, reason, difference }, lasting };
    } catch (error) {
      await lower?.engine.close();
      lasting &&= error instanceof Unfit || (error instanceof CodedError && error.code === "MODEL_NOT_LOWERED");
      refused.push(`${precision} is refused: ${messageOf(error)}`);
    }
  }
  const report = asItIs(asked, used);
  return { model: own, report: refused.length === 0 ? report : { ...report, reason: refused.join("; ") }, lasting };
}

/** int8 is what CPUs are quicker with, float16 GPUs. */
function wantedOn(provider: string, asked: Precision): readonly LowerPrecision[] {
  if (asked === "auto") return provider === "cpu" ? ["int8"] : ["fp16", "int8"];
  return asked === "fp32" ? [] : [asked];
}

/** @throws Error why the lower precision is not to be taken */
async function judged(
  float: OpenModel,
  lower: OpenModel,
  { asked, limit, golden, aim }: PrecisionWish,
): Promise<{ readonly difference: PrecisionDifference | null; readonly reason: string }> {
  const { halve = false, manifest } = lower.bundle;
  if (!halve && manifest.lowered?.from !== float.bundle.manifest.sha256)
    throw new Unfit("its bundle was made of another float32 model");
  const [here, there] = [float, lower].map(({ engine }) => engine.providers().used);
  if (there !== here) throw new Error(`it runs on ${there}, the float model on ${here}`);
  const fixed = halve ? fixedPictures(float.engine.input) : null;
  const pictures = golden?.(float.engine.input, MOST_OF_A_KIND) ?? fixed;
  const difference =
    pictures === null ? null : await differenceOf(judgeOf(float.engine), judgeOf(lower.engine), pictures, limit);
  const reason = asked === "auto" ? `the best for ${aim ?? here}` : "as asked";
  if (difference === null) {
    if (asked === "auto") throw new Unfit("it cannot be compared: the model has no selfTest");
    return { difference, reason: `${reason}; not compared: the model has no selfTest` };
  }
  const refusal = tooFar(difference, "the float model");
  if (refusal !== null) throw new Unfit(refusal);
  return { difference, reason };
}
