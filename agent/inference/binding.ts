import type { InferenceSession } from "onnxruntime-node";
import { onnxRuntime, type Runtime } from "../../models/onnx/runtime.js";
import type { Size } from "../types.js";
import type { Backend, Binding, Outputs, Session } from "./providers/session.js";

/**
 * ONNX Runtime as this process loads it; for a thread of its own, since its runs block.
 * @throws CodedError BINDING_UNUSABLE
 */
export function loadBinding(runtime: Runtime = onnxRuntime()): Binding {
  return {
    get backends(): readonly Backend[] {
      return runtime.listSupportedBackends();
    },
    async open(model, input, options) {
      runtime.env.logLevel = "fatal";
      return sessionOf(runtime, await runtime.InferenceSession.create(model, options), input);
    },
  };
}

function sessionOf({ Tensor }: Runtime, session: InferenceSession, { width, height }: Size): Session {
  return {
    // ONNX Runtime writes into arrays of ours: its own cannot be relied on to be transferable.
    async infer(frames): Promise<Outputs> {
      const count = frames.length;
      const scores = new Float32Array(count);
      const maps = new Float32Array(count * height * width);
      await session.run(
        { image: new Tensor("uint8", joined(frames), [count, height, width, 3]) },
        { score: new Tensor("float32", scores, [count]), map: new Tensor("float32", maps, [count, height, width]) },
      );
      return { scores, maps };
    },
    close: () => session.release(),
  };
}

/** A view of a single frame, a copy of several. */
function joined(frames: readonly ArrayBuffer[]): Uint8Array {
  if (frames.length === 1) return new Uint8Array(frames[0]!);
  const batch = new Uint8Array(frames.reduce((bytes, frame) => bytes + frame.byteLength, 0));
  let at = 0;
  for (const frame of frames) {
    batch.set(new Uint8Array(frame), at);
    at += frame.byteLength;
  }
  return batch;
}
