import { mergeMap, type OperatorFunction } from "rxjs";
import type { Frame, Outcome } from "../types.js";
import type { Engine } from "./engine.js";

/**
 * The operator that has every frame judged. Unbounded on purpose: how many frames are on their way is bounded by demand, at the camera.
 * A frame's fault is a value in the stream, never its end.
 */
export function inspect(engine: Pick<Engine, "inspect">): OperatorFunction<Frame, Outcome> {
  return mergeMap((frame) => engine.inspect(frame));
}
