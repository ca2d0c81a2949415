import { type MonoTypeOperatorFunction, tap } from "rxjs";
import type { CameraEvent, Outcome } from "../types.js";
import type { Ledger } from "./ledger.js";

/** Books what the camera delivers and drops. */
export function accountCaptured(ledger: Ledger): MonoTypeOperatorFunction<CameraEvent> {
  return tap((event) => {
    if (event.kind === "frame") ledger.frameEntered();
    else if (event.kind === "dropped") ledger.framesDropped(event.reason, event.count);
    else if (event.kind === "failed") {
      ledger.frameEntered();
      ledger.frameFailed();
    }
  });
}

/** Books what became of each frame. @param nowMs the monotonic clock of `frame.availableAtMs` */
export function accountOutcome(ledger: Ledger, nowMs: () => number): MonoTypeOperatorFunction<Outcome> {
  return tap((outcome) => {
    if (outcome.kind === "failed") return ledger.frameFailed();
    const { captureMs, availableAtMs } = outcome.inspection.frame;
    ledger.frameScored(captureMs + nowMs() - availableAtMs);
  });
}
