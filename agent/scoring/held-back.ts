import { mergeMap, type OperatorFunction } from "rxjs";
import type { AlertStep } from "../types.js";
import type { AlertGate } from "./alert-gate.js";

/** Lets through what is neither shelved nor part of a flood. @param nowMs monotonic */
export function heldBack(gate: AlertGate, nowMs: () => number): OperatorFunction<AlertStep, AlertStep> {
  return mergeMap((step) => gate.pass(step, nowMs()));
}
