import { type VerdictPayload, verdictPayload } from "../../agent/contract/part-payloads.js";
import type { AlarmPolicy } from "../../agent/scoring/alarm.js";
import type { Verdict } from "../../agent/types.js";
import { greyFrame } from "./frames.js";

/** Lines of verdicts for marble tests: a letter a frame, a frame a second. */
export const model = { name: "tiny", version: "1.0.0", sha256: "0".repeat(64), provider: "cpu" };
const size = { width: 4, height: 1 };
/** Every frame raises, every good one clears. */
export const prompt: AlarmPolicy = { raiseAfter: 1, within: 1, clearAfter: 1, clearBelow: 0.8 };

/** Threshold 0.5. @param place of the defect, 0..3; null: everywhere */
export function verdict(score: number, second: number, place: number | null = 0): Verdict {
  const map = new Float32Array(4);
  if (place === null) map.fill(score);
  else map[place] = score;
  const frame = greyFrame(0, size, { capturedAtMs: second * 1_000, availableAtMs: second * 1_000 });
  return {
    inspection: { frame, score, map, model, queueMs: 0, inferenceMs: 0 },
    threshold: { value: 0.5, calibration: null },
    anomalous: score > 0.5,
  };
}

/** `A`, `B` a defect at that place, `W` one that is everywhere, `h` a score between the limits for off and on, `.` good; a frame a second. */
const scores: Record<string, readonly [score: number, place: number | null]> = {
  A: [0.9, 0],
  B: [0.9, 1],
  W: [0.9, null],
  h: [0.45, 0],
  ".": [0.1, 0],
};

export const verdictsOf = (line: string): Record<string, Verdict> =>
  Object.fromEntries(
    [...line].map((mark, second) => [letter(second), verdict(scores[mark]![0], second, scores[mark]![1])]),
  );
export const letter = (index: number) => String.fromCharCode(97 + index);
export const letters = (line: string) => [...line].map((_, index) => letter(index)).join("");

/** The verdict on a part, as it goes out; `ok` unless given. */
export function verdictOf(rest: Partial<VerdictPayload> = {}): VerdictPayload {
  const { camera = "cam1", seq = 1 } = rest;
  const times = { tsMs: 1_700_000_000_000, latencyMs: 40, deadlineMs: null, late: false };
  const judged = { verdict: "ok", reason: null, unknownIs: null, score: 0.1, threshold: 0.5 } as const;
  const shown = { frames: 1, frame: seq, regions: [], model, context: null };
  return { ...verdictPayload({ camera, part: seq, ...times, ...judged, ...shown }, seq), ...rest };
}
