import type { AlertPayload } from "../../agent/contract/payloads.js";

export const START_MS = Date.parse("2026-03-01T08:00:00.000Z");

/** The id of alert `n`. */
export function alertId(n: number): string {
  return `01890000-0000-7000-8000-${String(n).padStart(12, "0")}`;
}

/** A step of alert `n`, `seconds` after the start. */
export function alertStep(n: number, seq: number, seconds: number, rest: Partial<AlertPayload> = {}): AlertPayload {
  return {
    v: 1,
    ts: new Date(START_MS + seconds * 1_000).toISOString(),
    id: alertId(n),
    seq,
    phase: "raised",
    camera: "cam1",
    score: 0.9,
    threshold: 0.5,
    peak: 0.9,
    durationMs: 100,
    frames: 2,
    raises: 1,
    regions: [{ x: 1, y: 2, width: 3, height: 4, area: 10, score: 0.9 }],
    model: { name: "tiny", version: "1.0.0", sha256: "0".repeat(64), provider: "cpu" },
    calibration: null,
    context: null,
    evidence: null,
    replayed: false,
    ...rest,
  };
}
