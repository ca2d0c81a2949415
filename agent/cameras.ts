import { type Observable, Subject } from "rxjs";
import type { CameraConfig } from "../config/types.js";
import { CodedError, messageOf } from "./errors.js";
import type { CameraStanding } from "./health/camera-state.js";
import { Ledger } from "./health/ledger.js";
import type { LoadedModel } from "./inference/load.js";
import type { Outgoing } from "./outgoing.js";
import { type Line, pipeline } from "./pipeline.js";
import type { CameraEvent, Context, Size } from "./types.js";

export interface WatchOptions {
  readonly camera: CameraConfig;
  /** The size that frames are scaled to. */
  readonly input: Size;
  readonly demand$: Observable<number>;
}

export interface CameraDeps {
  readonly watchCamera: (options: WatchOptions) => Observable<CameraEvent>;
  /** The camera's model; may reject. */
  readonly model: (camera: CameraConfig) => Promise<LoadedModel>;
  readonly send: (outgoing: Outgoing, model: LoadedModel) => void;
  /** A state that no pipeline tells. */
  readonly tellState: (camera: CameraConfig, standing: CameraStanding) => void;
  readonly context: (camera: string) => Context | null;
  readonly clock: Line["clock"];
}

export interface RunningCamera {
  readonly config: CameraConfig;
  readonly ledger: Ledger;
  /** When its frames flow, or it is known that they will not. */
  readonly started: Promise<void>;
  /** Ends the capture at once. */
  stop(): void;
  /** When the last frame in flight is told. */
  readonly ended: Promise<void>;
}

/** Runs one camera: one whose model is broken is `faulted`, and no other is touched by it. */
export function runCamera(camera: CameraConfig, deps: CameraDeps): RunningCamera {
  const ledger = new Ledger(deps.clock.monotonicMs());
  const stop$ = new Subject<void>();
  let stopped = false;
  let end: () => void;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const faulted = (error: unknown): void => {
    deps.tellState(camera, { state: "faulted", reason: reasonOf(error) });
    end();
  };
  const start = async (): Promise<void> => {
    if (!camera.enabled) {
      deps.tellState(camera, { state: "disabled", reason: "disabled in the configuration" });
      return end();
    }
    deps.tellState(camera, { state: "starting", reason: "the model is being loaded" });
    const model = await deps.model(camera);
    if (stopped) return end();
    const line = lineOf(camera, model, ledger, stop$, deps);
    pipeline(line).subscribe({
      next: (outgoing) => deps.send(outgoing, model),
      error: faulted,
      complete: () => end(),
    });
  };
  return {
    config: camera,
    ledger,
    started: start().catch(faulted),
    ended,
    stop: () => {
      stopped = true;
      stop$.next();
    },
  };
}

function lineOf(
  camera: CameraConfig,
  { engine }: LoadedModel,
  ledger: Ledger,
  stop$: Observable<void>,
  deps: CameraDeps,
): Line {
  const { threshold, raiseAfter, clearAfter } = camera.alert;
  const limit = threshold === "model" ? engine.threshold : threshold;
  return {
    camera: camera.id,
    watch: (demand$) => deps.watchCamera({ camera, input: engine.input, demand$ }),
    engine,
    ledger,
    threshold: () => limit,
    // As many good frames as clear an alarm also forget an anomalous one.
    alarm: { raiseAfter, within: Math.max(raiseAfter, clearAfter), clearAfter },
    context: () => deps.context(camera.id),
    stop$,
    clock: deps.clock,
  };
}

function reasonOf(error: unknown): string {
  return error instanceof CodedError ? `${error.code}: ${error.message}. ${error.remedy}` : messageOf(error);
}
