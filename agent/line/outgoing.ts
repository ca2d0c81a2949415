import { map, type OperatorFunction } from "rxjs";
import { scorePayload, statePayload } from "../contract/payloads.js";
import type { EngineState } from "../contract/provider-health.js";
import { topics } from "../contract/topics.js";
import type { CameraStanding } from "../health/camera-state.js";
import type { Part } from "../parts/part.js";
import type { AlertStep, Message, Verdict } from "../types.js";

/** What leaves a camera's pipeline. An alert and a part's verdict get their `seq` only where they are kept safe, so they are not yet messages. */
export type Outgoing =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "alert"; readonly step: AlertStep }
  | { readonly kind: "part"; readonly part: Part }
  | { readonly kind: "state"; readonly standing: CameraStanding };

/** @param nowMs the monotonic clock of `frame.availableAtMs` */
export function asScore(camera: string, nowMs: () => number): OperatorFunction<Verdict, Outgoing> {
  const topic = topics.score(camera);
  return map((verdict) => {
    const payload = scorePayload(verdict, nowMs());
    return { kind: "message", message: { topic, payload, qos: 0, retain: false } };
  });
}

export function asState(): OperatorFunction<CameraStanding, Outgoing> {
  return map((standing) => ({ kind: "state", standing }));
}

export function asAlert(): OperatorFunction<AlertStep, Outgoing> {
  return map((step) => ({ kind: "alert", step }));
}

export function asPart(): OperatorFunction<Part, Outgoing> {
  return map((part) => ({ kind: "part", part }));
}

/**
 * A camera's state, in force from now on unless it says since when.
 * @param at.provider what is wrong with its model's provider
 * @param at.engine how its model's TensorRT engine fares
 */
export function stateMessage(
  camera: string,
  { state, reason, sinceMs }: CameraStanding & { readonly sinceMs?: number },
  at: { readonly nowMs: number; readonly provider: string | null; readonly engine: EngineState | null },
): Message {
  const payload = statePayload(state, { ...at, sinceMs: sinceMs ?? at.nowMs, reason });
  return { topic: topics.state(camera), payload, qos: 1, retain: true };
}
