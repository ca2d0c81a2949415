import { env, InferenceSession, listSupportedBackends, Tensor } from "onnxruntime-node";
import type { Size } from "../types.js";
import type { Backend, Binding, Outputs, Session } from "./providers/session.js";

/** ONNX Runtime through onnxruntime-node. The only file of the agent that imports it; for a thread of its own, since its runs block. */
export const onnxRuntime: Binding = {
  get backends(): readonly Backend[] {
    return listSupportedBackends();
  },
  async open(model, input, options) {
    env.logLevel = "fatal";
    return sessionOf(await InferenceSession.create(model, options), input);
  },
};

function sessionOf(session: InferenceSession, { width, height }: Size): Session {
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
