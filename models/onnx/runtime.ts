import { createRequire } from "node:module";
import { resolve } from "node:path";
import type * as Npm from "onnxruntime-node";
import { CodedError, messageOf } from "../../errors.js";
import { refuseTelemetry } from "./no-telemetry.js";

/** What Retort uses of ONNX Runtime's binding for Node. */
export type Runtime = Pick<typeof Npm, "env" | "InferenceSession" | "listSupportedBackends" | "Tensor">;

/** Names the module that is loaded in the place of npm's: a build for this device, as ONNX Runtime's js/node yields it. */
const VARIABLE = "RETORT_ORT_BINDING";

let loaded: Runtime | null = null;

/**
 * ONNX Runtime, loaded once. All of a process uses the same: the system's loader gives a second build the first one's library, since both
 * call it libonnxruntime.so.1.
 * @throws CodedError BINDING_UNUSABLE
 */
export function onnxRuntime(): Runtime {
  loaded ??= loadRuntime(process.env[VARIABLE]);
  return loaded;
}

/**
 * @param path a CommonJS module or the folder of a package; npm's onnxruntime-node where it is undefined or empty
 * @throws CodedError BINDING_UNUSABLE, which names the path and what it lacks
 */
export function loadRuntime(path: string | undefined): Runtime {
  refuseTelemetry();
  const require = createRequire(import.meta.url);
  // The one place of the product that loads a binding.
  if (path === undefined || path === "") return require("onnxruntime-node") as Runtime;
  const at = resolve(path);
  let binding: unknown;
  try {
    binding = require(at);
  } catch (error) {
    throw unusable(at, `cannot be loaded: ${messageOf(error).split("\n", 1)[0]}`);
  }
  if (!isRuntime(binding)) throw unusable(at, `is without ${missingIn(binding).join(", ")}`);
  return binding;
}

function isRuntime(binding: unknown): binding is Runtime {
  return missingIn(binding).length === 0;
}

/** What a binding would have to have, by its names. */
function missingIn(binding: unknown): readonly string[] {
  const session = partOf(binding, "InferenceSession");
  const wanted = [
    ["InferenceSession.create", partOf(session, "create"), "function"],
    ["Tensor", partOf(binding, "Tensor"), "function"],
    ["listSupportedBackends", partOf(binding, "listSupportedBackends"), "function"],
    ["env", partOf(binding, "env"), "object"],
  ] as const;
  return wanted.flatMap(([name, part, kind]) => (part !== null && typeof part === kind ? [] : [name]));
}

function partOf(whole: unknown, name: string): unknown {
  return (typeof whole === "object" && whole !== null) || typeof whole === "function" ? Reflect.get(whole, name) : null;
}

function unusable(path: string, what: string): CodedError {
  return new CodedError("BINDING_UNUSABLE", `${VARIABLE}: ${path} ${what}`, { at: path });
}
