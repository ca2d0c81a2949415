import { fromEvent, type Observable, of } from "rxjs";

/** Emits once the signal is, or was, aborted. */
export function aborted(signal: AbortSignal): Observable<unknown> {
  return signal.aborted ? of(null) : fromEvent(signal, "abort");
}
