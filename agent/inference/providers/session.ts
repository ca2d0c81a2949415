/** What a provider's session is opened with, and what the binding to ONNX Runtime must be able to do. */

import type { ModelPrecision } from "../../../models/bundle/bundle.js";
import type { Size } from "../../types.js";

/** A backend as the binding lists it. */
export interface Backend {
  readonly name: string;
  /** True where it needs no library but the binding's own. */
  readonly bundled: boolean;
  /** True where the binding hands a provider's `options` on; npm's has no such field, and hands on the device alone. */
  readonly providerOptions?: boolean;
}

/** What of a GPU a model takes, by the names of the settings; null: what the provider takes by itself. */
export interface GpuLimits {
  readonly gpuMemoryMb: number | null;
  readonly workspaceMb: number | null;
  readonly dlaCore: number | null;
}

/** Where goes what TensorRT builds. Both folders are there. */
export interface EngineBuild {
  /** A model whose only operators are engines; no such file yet. */
  readonly file: string;
  /** What TensorRT measured of layers: the next build is the quicker for it. */
  readonly timingFolder: string;
}

/** What a session is wanted for. */
export interface Wish {
  /** What the model's networks are computed in. */
  readonly precision: ModelPrecision;
  readonly input: Size;
  /** CPU threads of one inference; 0 leaves the choice to ONNX Runtime. */
  readonly threads: number;
  /** Ascending. */
  readonly batchSizes: readonly number[];
  /** Which GPU, from 0. */
  readonly device: number;
  /** As ONNX Runtime has them unless given. */
  readonly gpuLimits?: GpuLimits;
  /** Where TensorRT writes the engine that it builds; null: nowhere. */
  readonly build: EngineBuild | null;
}

/** One entry of a session's providers. */
export interface ProviderEntry {
  readonly name: string;
  readonly deviceId?: number;
  /** By ONNX Runtime's own names; only where the binding hands them on. */
  readonly options?: Readonly<Record<string, string>>;
}

/** Session options by the names of onnxruntime-common. */
export interface SessionOptions {
  /** In order of preference: what one cannot run is run by the next, at last by the CPU. */
  readonly executionProviders: readonly ProviderEntry[];
  readonly intraOpNumThreads?: number;
  readonly interOpNumThreads: number;
  readonly graphOptimizationLevel: "all";
  /** 4: fatal alone. */
  readonly logSeverityLevel: 4;
  /** Entries of ONNX Runtime's configuration, their names split at the dots; every binding hands them on. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** What a model made of a batch. */
export interface Outputs {
  /** [N] */
  readonly scores: Float32Array<ArrayBuffer>;
  /** [N, height, width] */
  readonly maps: Float32Array<ArrayBuffer>;
}

/** An open model. */
export interface Session {
  /** @param frames RGB, each uint8 [height, width, 3] */
  infer(frames: readonly ArrayBuffer[]): Promise<Outputs>;
  close(): Promise<void>;
}

/** The binding to ONNX Runtime; scripted in tests. */
export interface Binding {
  readonly backends: readonly Backend[];
  /** @param model the bytes of a checked model that takes pictures of this size. Rejects with ONNX Runtime's reason. */
  open(model: Uint8Array, input: Size, options: SessionOptions): Promise<Session>;
}
