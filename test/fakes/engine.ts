import type { Engine } from "../../agent/inference/engine.js";
import type { Frame, Outcome } from "../../agent/types.js";
import type { ErrorCode } from "../../errors.js";
import { pictureStats } from "../../models/pictures/picture-stats.js";

export interface FakeEngineOptions {
  readonly threshold?: number;
  readonly answersWithinMs?: number;
  /** Awaited before each outcome. */
  readonly delay?: () => Promise<void>;
}

/** The tiny model in JavaScript: the map is the first channel / 255, the score its maximum. */
export function fakeEngine(options: FakeEngineOptions = {}): Engine {
  const input = { width: 16, height: 16 };
  const model = { name: "tiny", version: "1.0.0", sha256: "0".repeat(64), provider: "cpu" };
  let closed = false;
  const failed = (frame: Frame, code: ErrorCode): Outcome => ({
    kind: "failed",
    failure: { frame, code, reason: code },
  });
  return {
    model,
    input,
    threshold: options.threshold ?? 0.5,
    answersWithinMs: options.answersWithinMs ?? 140_000,
    async inspect(frame) {
      if (closed) return failed(frame, "ENGINE_CLOSED");
      if (frame.pixels.length !== input.width * input.height * 3) return failed(frame, "FRAME_SIZE");
      await options.delay?.();
      if (closed) return failed(frame, "ENGINE_CLOSED");
      const map = Float32Array.from({ length: input.width * input.height }, (_, at) => frame.pixels[at * 3]! / 255);
      const score = map.reduce((a, b) => Math.max(a, b));
      const picture = pictureStats(frame.pixels, input.width, input.height);
      return { kind: "inspected", inspection: { frame, score, map, model, queueMs: 0, inferenceMs: 0, picture } };
    },
    providers: () => ({ used: "cpu", tried: [{ provider: "cpu", taken: true, reason: "a fake" }] }),
    async close() {
      closed = true;
    },
  };
}
