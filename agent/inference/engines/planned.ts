import { createHash } from "node:crypto";
import type { InferenceConfig } from "../../../config/types.js";
import { type Bundle, readBundle } from "../../../models/bundle/bundle.js";
import type { EngineOptions } from "../engine.js";
import type { ChosenBundle, OpenModel, PrecisionChoice, PrecisionWish } from "../precision.js";
import type { PrecisionReport } from "../protocol.js";
import { openBeside } from "./beside.js";
import type { EnginePlan } from "./plan.js";

type Chosen = Pick<PrecisionChoice, "model" | "report">;

/** Opens the model in each precision that is asked for, and yields what judges. @param aim the provider that is to run it later */
export type Choose = (providers: readonly string[], aim?: string) => Promise<PrecisionChoice>;

export interface PlannedModel {
  readonly own: Bundle;
  /** Where the same model in lower precisions may be; null: nowhere. */
  readonly folders: readonly (string | null)[];
  /** The model in float16 that is made of it; null where there is none. */
  readonly halved: ChosenBundle | null;
  readonly choose: Choose;
  readonly golden: PrecisionWish["golden"];
  readonly inference: Pick<InferenceConfig, "precision" | "precisionLimit">;
  /** With all providers that may be tried. */
  readonly optionsOf: (bundle: ChosenBundle) => EngineOptions;
}

/**
 * Opens the model by the plan. Where an engine was proven under the same choice of precision, it is opened at once; else the model on what is ready
 * at once, and the engine comes beside.
 */
export async function openPlanned(
  { store, build, timing, keyOf }: EnginePlan,
  { own, folders, halved, choose, golden, inference, optionsOf }: PlannedModel,
): Promise<Chosen> {
  const lowered = await Promise.all(folders.map((folder) => (folder === null ? null : bundleIn(folder))));
  const bundles = [...lowered, halved, own].filter((bundle) => bundle !== null);
  const known = choiceOf(inference, bundles, golden !== null);
  const open = async (
    bundle: ChosenBundle,
    report: PrecisionReport,
    base: OpenModel["engine"] | null,
    choice = known,
  ): Promise<Chosen> => {
    const engine = optionsOf(bundle);
    const beside = {
      store,
      build,
      engine,
      key: keyOf(engine),
      choice,
      precision: report,
      golden,
      timing: timing ?? {},
    };
    return {
      model: { bundle, engine: await openBeside({ ...beside, limit: inference.precisionLimit }, base) },
      report,
    };
  };
  for (const bundle of bundles) {
    const proof = (await store.find(keyOf(optionsOf(bundle))))?.proof;
    if (proof?.choice === known) return open(bundle, proof.precision, null);
  }
  const atOnce = optionsOf(own).providers.filter((name) => name !== "tensorrt");
  const { model, report, lasting } = await choose(atOnce, "tensorrt");
  return open(model.bundle, report, model.engine, lasting ? known : PASSING);
}

/** In the place of a choice that is made anew by the next start. */
const PASSING = "";

/** All that the choice of a precision hangs on: where it is the same, it would end the same. */
function choiceOf(
  { precision, precisionLimit }: PlannedModel["inference"],
  bundles: readonly Bundle[],
  hasGolden: boolean,
): string {
  const all = [
    precision,
    precisionLimit,
    hasGolden,
    ...bundles.map(({ manifest }) => [manifest.sha256, manifest.threshold]),
  ];
  return createHash("sha256").update(JSON.stringify(all)).digest("hex");
}

/** Null where it cannot be read: it is then no choice, and `choosePrecision` says why. */
function bundleIn(folder: string): Promise<Bundle | null> {
  return readBundle(folder).catch(() => null);
}
