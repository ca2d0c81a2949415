/** The messages between the engine and its worker thread. Buffers are transferred, never copied. */

import type { Precision } from "../../config/types.js";
import type { ErrorCode } from "../../errors.js";
import type { ModelPrecision } from "../../models/bundle/bundle.js";
import type { PictureStats } from "../../models/pictures/picture-stats.js";
import type { EngineHealth } from "../contract/provider-health.js";
import type { Wish } from "./providers/session.js";

/** The worker's data, given to it at its start. Each batch size is run before the worker is ready, up to the first that takes too long. */
export interface WorkerSetup extends Wish {
  readonly modelPath: string;
  /** The SHA-256 of the model's file that the bundle names, lower case hex. */
  readonly sha256: string;
  /** Whether the file holds the float32 model, and float16 is made of it. */
  readonly halve?: boolean;
  /** Execution providers in the order of preference. */
  readonly providers: readonly string[];
  /** What TensorRT built of the model; null or absent where it is to build it now. */
  readonly built?: EngineFile | null;
}

/** An engine that TensorRT built, as a file. */
export interface EngineFile {
  readonly path: string;
  /** Lower case hex. */
  readonly sha256: string;
}

export type Request =
  /** `frames`: each RGB, [height, width, 3]. */
  | { readonly kind: "run"; readonly id: number; readonly frames: readonly ArrayBuffer[] }
  /** Runs the model back to back for so long, for `retort bench`. */
  | { readonly kind: "measure"; readonly forMs: number }
  /** Ends the thread once what was asked before is done. */
  | { readonly kind: "stop" };

export type Reply =
  | {
      readonly kind: "ready";
      readonly report: ProviderReport;
      readonly batchSizes: readonly number[];
      /** The slowest of the warm-up's runs of these sizes, ms. */
      readonly slowestMs: number;
    }
  /** The model is not run. `fault`: the code of the model's check; null where ONNX Runtime refused it. */
  | { readonly kind: "refused"; readonly reason: string; readonly fault: ModelFault | null }
  | {
      readonly kind: "done";
      readonly id: number;
      /** [N]; NaN where the map is not finite, too. */
      readonly scores: Float32Array;
      /** [N, height, width] */
      readonly maps: Float32Array;
      /** [N] */
      readonly pictures: readonly PictureStats[];
      readonly frames: readonly ArrayBuffer[];
      readonly inferenceMs: number;
    }
  | { readonly kind: "failed"; readonly id: number; readonly reason: string; readonly frames: readonly ArrayBuffer[] }
  | { readonly kind: "measured"; readonly frames: number; readonly ms: number };

/** The code and remedy of a CodedError: errors lose their class on the way out of a thread. */
export interface ModelFault {
  readonly code: ErrorCode;
  readonly remedy: string;
}

/** The execution provider in use, and why no better one is. */
export interface ProviderReport {
  readonly used: string;
  readonly tried: readonly ProviderTrial[];
  /** What of the settings reaches it through the binding at hand. Absent until a session is open. */
  readonly reaches?: readonly string[];
  /** Settings that somebody made and that do nothing with it, each with the reason. Absent until a session is open. */
  readonly unreached?: readonly string[];
  /** Absent until a session is open. */
  readonly precision?: PrecisionReport;
  /** Why it is a fault that it is this provider; null where it is none. */
  readonly fault?: string | null;
  /** How the model's TensorRT engine fares. Absent where none is wanted. */
  readonly engine?: EngineHealth;
}

/** What a model is computed in, and why it is not what was asked for. */
export interface PrecisionReport {
  readonly asked: Precision;
  readonly used: ModelPrecision;
  readonly reason: string;
  /** How far its scores lie from the float model's; null where that was not measured. */
  readonly difference: PrecisionDifference | null;
}

/** How far a model's scores on golden pictures lie from those of the float model that it was made of. */
export interface PrecisionDifference {
  readonly pictures: number;
  /** By which the score, counted from its model's threshold, is another at most: as a share of the float's score, or threshold if that is higher. */
  readonly worst: number;
  /** What `worst` must not exceed. */
  readonly limit: number;
  /** Pictures that it misjudges and the float model judges rightly. */
  readonly lost: number;
}

export interface ProviderTrial {
  readonly provider: string;
  readonly taken: boolean;
  readonly reason: string;
}

/** The part of a worker thread that the engine uses; faked in tests. */
export interface Thread {
  postMessage(request: Request, transfer: readonly ArrayBuffer[]): void;
  on(event: "message", listener: (reply: Reply) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "exit", listener: (code: number) => void): unknown;
  unref(): void;
}
