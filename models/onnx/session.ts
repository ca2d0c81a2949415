import type { InferenceSession as Sessions, Tensor as Tensors } from "onnxruntime-node";
import type { Shape } from "../graph/graph.js";
import { onnxRuntime } from "./runtime.js";

// ONNX Runtime for the work of models/ itself: training, evaluation, checks of exports.

const { InferenceSession, Tensor } = onnxRuntime();

export { Tensor };
export type Tensor = Tensors;
export type Feeds = Readonly<Record<string, Tensor>>;

export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** @param into tensors that take the results of the outputs they are named after */
  run(feeds: Feeds, into?: Feeds): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

/**
 * @param model the bytes of an ONNX model: of our own making, or checked by readModel. Never a path: a runtime that is given one
 * also opens the files that the model names
 * @param options.threads 0: as many as there are cores
 * @param options.quiet for models that may fail: the runtime's own errors are not shown beside ours
 * @param options.optimisedPath where to write the model as the runtime will compute it
 */
export async function openSession(
  model: Uint8Array,
  options: { threads?: number; optimisedPath?: string; quiet?: boolean } = {},
): Promise<Session> {
  const settings: Sessions.SessionOptions = {
    intraOpNumThreads: options.threads ?? 0,
    graphOptimizationLevel: "all",
    logSeverityLevel: options.quiet === true ? 4 : 3,
    ...(options.optimisedPath === undefined ? {} : { optimizedModelFilePath: options.optimisedPath }),
  };
  const session = await InferenceSession.create(model, settings);
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(feeds, into) {
      const fetches = Object.fromEntries(session.outputNames.map((name) => [name, into?.[name] ?? null]));
      return (await session.run(feeds, fetches)) as Record<string, Tensor>;
    },
    close: () => session.release(),
  };
}

/** A float32 tensor over `data`, not copied. */
export function floats(data: Float32Array, shape: Shape): Tensor {
  return new Tensor("float32", data, shape as number[]);
}

/** The numbers of a float32 tensor, not copied. */
export function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new TypeError(`expected float32, got ${tensor?.type ?? "nothing"}`);
}
