import type { AlertStep } from "../types.js";
import { type AlertPayload, identity, timestamp } from "./payloads.js";

/** The parts of an alert message that are not its step's. */
export interface AlertDetails {
  readonly seq: number;
  readonly evidence?: AlertPayload["evidence"];
  readonly replayed?: boolean;
}

export function alertPayload(step: AlertStep, details: AlertDetails): AlertPayload {
  const { atPeak } = step;
  return {
    v: 1,
    id: step.id,
    seq: details.seq,
    phase: step.phase,
    ts: timestamp(step.tsMs),
    ...(step.clock === undefined ? {} : { clock: step.clock }),
    camera: step.camera,
    score: step.score,
    threshold: step.threshold,
    peak: step.peak,
    ...(atPeak === undefined
      ? {}
      : { atPeak: { ts: timestamp(atPeak.tsMs), regions: atPeak.regions, context: atPeak.context } }),
    durationMs: Math.round(step.durationMs),
    frames: step.frames,
    raises: step.raises,
    regions: step.regions,
    model: identity(step.model),
    calibration: step.calibration,
    context: step.context,
    evidence: details.evidence ?? null,
    replayed: details.replayed ?? false,
    ...(step.by === undefined ? {} : { by: step.by }),
    ...(step.suppressed === undefined ? {} : { suppressed: step.suppressed }),
    ...(step.flood === undefined ? {} : { flood: step.flood }),
  };
}

/** The step that an alert message reported. */
export function stepOf({ v, ts, seq, evidence, replayed, atPeak, ...step }: AlertPayload): AlertStep {
  const peak = atPeak && { tsMs: Date.parse(atPeak.ts), regions: atPeak.regions, context: atPeak.context };
  return { ...step, tsMs: Date.parse(ts), ...(peak === undefined ? {} : { atPeak: peak }) };
}
