import type { BackoffRange } from "../../kit/backoff.js";
import type { EngineOptions } from "../engine.js";
import type { PrecisionReport } from "../protocol.js";
import type { Golden } from "./proven.js";
import type { EngineStore } from "./store.js";

export interface BesideOptions {
  /** How the model is opened, with all providers that may be tried, TensorRT among them and not alone. */
  readonly engine: EngineOptions;
  readonly store: EngineStore;
  /** Of the engine, in the store. */
  readonly key: string;
  /** What the model's precision was chosen by, and what was chosen: noted with the engine. */
  readonly choice: string;
  readonly precision: PrecisionReport;
  /** Null where the model has none. */
  readonly golden: Golden | null;
  /** What the engine's scores may differ by. */
  readonly limit: number;
  /** Whether an engine is built where there is none. */
  readonly build: boolean;
  readonly timing?: Partial<BesideTiming>;
}

export interface BesideTiming {
  /** How long one build may take. */
  readonly buildMs: number;
  /** How long an engine may take to be read and warmed up. */
  readonly openMs: number;
  readonly backoff: BackoffRange;
}

/** A large model on a small board takes some ten minutes; the GPU is worth more to frames than to a build that failed. */
export const BESIDE_TIMING: BesideTiming = {
  buildMs: 45 * 60_000,
  openMs: 45_000,
  backoff: { firstMs: 10_000, mostMs: 3_600_000 },
};
