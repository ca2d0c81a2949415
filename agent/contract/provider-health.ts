/** How a model fares on its provider, in `T/health`. */
export interface ProviderHealth {
  readonly used: string;
  readonly tried: readonly { readonly provider: string; readonly taken: boolean; readonly reason: string }[];
  /** Why it is a fault that it is this provider; null where it is none, absent until the model is open. */
  readonly fault?: string | null;
  /** What of the settings reaches the provider through this machine's build of ONNX Runtime; absent until the model is open. */
  readonly reaches?: readonly string[];
  /** Settings that somebody made and that do nothing there, each with the reason; absent until the model is open. */
  readonly unreached?: readonly string[];
  /** What is computed in, and why not in what was asked for; absent until the model is open. */
  readonly precision?: {
    readonly asked: string;
    readonly used: string;
    readonly reason: string;
    readonly difference?: ScoreDifference | null;
  };
  /** Of its TensorRT engine; absent where none is wanted. */
  readonly engine?: EngineHealth;
}

/** How a TensorRT engine fares that is built beside the provider in use. */
export interface EngineHealth {
  readonly state: EngineState;
  /** How long it is in that state, in seconds. */
  readonly ageS: number;
  /** Builds that were begun; 0 where it was found on the disk. */
  readonly attempt: number;
  /** Attempts that came to nothing since it last judged. */
  readonly failures: number;
  /** What is done at present, in words. */
  readonly step: string;
  /** Why the last attempt came to nothing; null where none has. */
  readonly failure: string | null;
  /** How far its scores lie from those of the provider that it was held against; null until they are compared. */
  readonly difference: ScoreDifference | null;
}

/**
 * `ready`: it judges. `building-engine`: it is built, or compared, or waits for its turn. `refused`: it does not judge as the model does.
 * `failed`: none is built, and the step says whether one will be. `not-built`: there is none, and nobody builds it (`retort doctor`).
 */
export type EngineState = "building-engine" | "ready" | "refused" | "failed" | "not-built";

/** From so many builds in a row that came to nothing on, it is a fault that the engine is not there. */
const MANY_FAILURES = 3;

/** Whether an engine may come yet: it is no fault that it takes its time. */
export function isPending(engine: EngineHealth | undefined): boolean {
  if (engine === undefined) return false;
  const { state, failures } = engine;
  return state === "not-built" || (state === "building-engine" && failures < MANY_FAILURES);
}

/** How far the scores of one lie from those of the other that it stands for. */
export interface ScoreDifference {
  readonly pictures: number;
  readonly worst: number;
  readonly limit: number;
  readonly lost: number;
}

/** What is wrong with a camera while its frames are judged, in `T/<camera>/state`. */
export interface CameraFaults {
  /** The camera's model runs, and not on the provider that it was to. */
  readonly provider?: string;
}
