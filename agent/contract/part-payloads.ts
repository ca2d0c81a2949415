import type { Context, PartOutcome, PartVerdict, Region } from "../types.js";
import { identity, type ModelPayload, type Payload, round, timestamp } from "./payloads.js";

/** The verdict on one part; `seq` counts a camera's verdicts without gaps. */
export interface VerdictPayload extends Payload {
  readonly seq: number;
  readonly camera: string;
  readonly part: string | number;
  readonly verdict: PartOutcome;
  readonly reason: string | null;
  readonly unknownIs: "ok" | "ng" | null;
  readonly score: number | null;
  readonly threshold: number | null;
  readonly frames: number;
  readonly frame: number | null;
  readonly file?: string;
  readonly regions: readonly Region[];
  /** The whole topic on which its picture follows, where one is drawn; null where none is. */
  readonly evidence: { readonly topic: string } | null;
  readonly latencyMs: number | null;
  readonly deadlineMs: number | null;
  readonly late: boolean;
  readonly model: ModelPayload | null;
  readonly context: Context | null;
  readonly replayed: boolean;
}

/** Which context is in force, and from which frame on; for a context that came with an `id`. */
export interface ContextAckPayload extends Payload {
  readonly id: string;
  readonly part: string | number | null;
  readonly fromFrame: number;
}

/** @param seq of the camera's own @param evidence where its picture follows */
export function verdictPayload(
  part: PartVerdict,
  seq: number,
  evidence: VerdictPayload["evidence"] = null,
): VerdictPayload {
  const { tsMs, latencyMs, model, camera, part: name, verdict, reason, unknownIs, score, threshold } = part;
  const { frames, frame, file, regions, deadlineMs, late, context } = part;
  return {
    v: 1,
    seq,
    camera,
    part: name,
    verdict,
    reason,
    unknownIs,
    ts: timestamp(tsMs),
    ...(part.clock === undefined ? {} : { clock: part.clock }),
    score,
    threshold,
    frames,
    frame,
    ...(file === undefined ? {} : { file }),
    regions,
    evidence,
    latencyMs: latencyMs === null ? null : round(latencyMs),
    deadlineMs,
    late,
    model: model === null ? null : identity(model),
    context,
    replayed: false,
  };
}

export function contextAckPayload(
  id: string,
  at: { readonly part: string | number | null; readonly fromFrame: number; readonly nowMs: number },
): ContextAckPayload {
  return { v: 1, id, part: at.part, ts: timestamp(at.nowMs), fromFrame: at.fromFrame };
}
