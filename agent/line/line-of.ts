import { map, type Observable, type Subject, tap } from "rxjs";
import { alarmOf } from "../../config/parts.js";
import type { CameraConfig } from "../../config/types.js";
import { imagePolicy } from "../health/image-policy.js";
import type { Ledger } from "../health/ledger.js";
import type { Progress } from "../health/progress.js";
import type { LoadedModel } from "../inference/load.js";
import type { CameraEvent, Context, Outcome, Size, Threshold } from "../types.js";
import type { CameraAlerts } from "./camera-alerts.js";
import type { PartStand } from "./part-stand.js";
import type { Line } from "./pipeline.js";

export interface WatchOptions {
  readonly camera: CameraConfig;
  /** The size that frames are scaled to. */
  readonly input: Size;
  readonly demand$: Observable<number>;
}

/** What a line has from outside. */
export interface LineDeps {
  readonly watchCamera: (options: WatchOptions) => Observable<CameraEvent>;
  /** What the line's control said last about the part in front of this camera. */
  readonly context: (camera: string, frame: number) => Context | null;
  /** Is given each picture that could not be read. */
  readonly onUnreadable: (camera: CameraConfig, failed: Extract<CameraEvent, { kind: "failed" }>) => void;
  readonly clock: Line["clock"];
}

/** What outlives a camera's restarts, and what ends with them. */
export interface LineParts {
  readonly ledger: Ledger;
  readonly progress: Progress;
  readonly seen$: Subject<Outcome>;
  readonly alerts: CameraAlerts;
  readonly threshold: () => Threshold;
  readonly judged: Line["judged"];
  readonly stand: PartStand;
  /** Of a frame: the numbers go on when the camera is started again. */
  readonly nextNumber: () => number;
  readonly stop$: Observable<void>;
  readonly deps: LineDeps;
}

/** Everything that a camera's pictures meet, put together from its configuration. */
export function lineOf(camera: CameraConfig, { engine, imageHealth }: LoadedModel, parts: LineParts): Line {
  const { ledger, progress, seen$, alerts, threshold, judged, stand, nextNumber, stop$, deps } = parts;
  return {
    camera: camera.id,
    watch: (demand$) =>
      deps.watchCamera({ camera, input: engine.input, demand$ }).pipe(
        tap((event) => {
          progress.heard(event.kind === "frame");
          if (event.kind === "failed") deps.onUnreadable(camera, event);
        }),
        map((event) => stand.bind(numbered(event, nextNumber))),
      ),
    engine,
    ledger,
    images: imagePolicy(camera),
    baseline: imageHealth,
    seen: (outcome) => {
      progress.settled();
      seen$.next(outcome);
    },
    threshold,
    judged,
    alarm: alarmOf(camera),
    alerts: alerts.life,
    gate: alerts.gate,
    parts: stand.life,
    partCues$: stand.cues$,
    asked$: stand.asked$,
    context: (frame) => deps.context(camera.id, frame),
    stop$,
    clock: deps.clock,
  };
}

function numbered(event: CameraEvent, nextNumber: () => number): CameraEvent {
  if (event.kind === "failed") return { ...event, number: nextNumber() };
  return event.kind === "frame" ? { ...event, frame: { ...event.frame, number: nextNumber() } } : event;
}
