import {
  asyncScheduler,
  concat,
  concatMap,
  defer,
  finalize,
  type Observable,
  of,
  repeat,
  type SchedulerLike,
  startWith,
  throwError,
} from "rxjs";
import type { CameraConfig, SourceConfig } from "../../config/types.js";
import { messageOf } from "../../errors.js";
import type { CameraEvent, Size } from "../types.js";
import type { FrameSource } from "./frame-source.js";
import { createFrames, type Lost } from "./frames.js";
import { isLive } from "./launch/sources.js";
import { type OpenSource, openSource } from "./open.js";
import { Pace } from "./pace.js";
import { CameraLost, Credits, type Played, play } from "./play.js";
import { reconnect } from "./reconnect.js";
import { Silence, type SilenceLimits } from "./silence.js";

export interface WatchCameraOptions {
  readonly camera: CameraConfig;
  /** The size that frames are scaled to. */
  readonly input: Size;
  /** How many more frames are wanted. Nothing is asked of the source beyond. */
  readonly demand$: Observable<number>;
}

export interface CaptureDeps {
  readonly openSource: OpenSource;
  readonly scheduler: SchedulerLike;
  /** 0 to 1, for the jitter. */
  readonly random: () => number;
  readonly wallMs: () => number;
  readonly monotonicMs: () => number;
  readonly silenceLimits: (camera: CameraConfig) => SilenceLimits;
}

const REAL: CaptureDeps = {
  openSource,
  scheduler: asyncScheduler,
  random: Math.random,
  wallMs: Date.now,
  monotonicMs: () => performance.now(),
  silenceLimits,
};

/**
 * The events of one camera, for as long as it is watched. Never errors: a camera that cannot be reached, or stops delivering, is
 * `no-signal` with the reason, and is tried again for ever. Completes only where a source that does not loop has ended.
 * Unsubscribing releases the camera at once, even one that never delivers.
 */
export function watchCamera(options: WatchCameraOptions, deps: Partial<CaptureDeps> = {}): Observable<CameraEvent> {
  const { camera, input, demand$ } = options;
  const all = { ...REAL, ...deps };
  const { scheduler, random, monotonicMs } = all;
  const { id, source: config } = camera;
  return defer(() => {
    const credits = new Credits();
    const demand = demand$.subscribe((count) => credits.add(count));
    const silence = new Silence(all.silenceLimits(camera));
    const frames = createFrames(camera, input, all);
    // Made once: the binding never frees a pipeline, so a lost camera's is started again.
    let source: FrameSource | undefined;
    const attempt$ = defer(() => {
      source ??= all.openSource(camera, input);
      const pace = paceOf(camera);
      const played$ = play({
        source,
        credits,
        pace,
        silence,
        idleReason: idleReasonOf(config),
        scheduler,
        monotonicMs,
      });
      if (loops(config)) return played$.pipe(repeat());
      return isLive(config)
        ? concat(
            played$,
            throwError(() => new CameraLost("the stream has ended")),
          )
        : played$;
    });
    const lost = (error: unknown): Played | Lost => ({ kind: "lost", reason: explain(config, messageOf(error)) });
    return concat(
      attempt$.pipe(
        reconnect<Played | Lost>({ scheduler, random, lost }),
        concatMap((played) => frames(played)),
      ),
      of<CameraEvent>({ kind: "condition", camera: id, condition: "ended", reason: "the source has ended" }),
    ).pipe(
      startWith<CameraEvent>({
        kind: "condition",
        camera: id,
        condition: "starting",
        reason: "waiting for the first picture",
      }),
      finalize(() => demand.unsubscribe()),
    );
  });
}

/** Whether a source begins anew at its end. */
function loops(source: SourceConfig): boolean {
  return source.type === "file" ? source.loop : source.type === "images" && source.loop && source.watch === "off";
}

/** Why nothing comes of a source that may be silent for hours; null where silence is a fault. */
function idleReasonOf(source: SourceConfig): string | null {
  if (source.type === "aravis" && source.trigger === "hardware") return "no trigger";
  return source.type === "images" && source.watch !== "off" ? "no new picture" : null;
}

/** So much jitter costs a live camera no picture, where its rate is just `fps`. */
const JITTER_MS = 200;

/** Aravis's cameras deliver at the rate that they are set to, or at that of their triggers: each trigger is a part. */
function paceOf({ source, fps }: CameraConfig): Pace | null {
  if (source.type === "aravis") return source.trigger === "software" ? new Pace(fps) : null;
  return new Pace(fps, isLive(source) ? JITTER_MS : 0);
}

function silenceLimits({ source, fps, noSignalAfterS }: CameraConfig): SilenceLimits {
  const awaited = isLive(source) || idleReasonOf(source) !== null;
  // A connection takes its time, whatever the pictures' rate.
  const [firstMs, answeredMs] = awaited ? [5_000, 20_000] : [20_000, 20_000];
  if (noSignalAfterS !== "auto") {
    const nextMs = noSignalAfterS * 1_000;
    return { firstMs: Math.max(firstMs, nextMs), answeredMs: Math.max(answeredMs, nextMs), nextMs, learned: false };
  }
  return { firstMs, answeredMs, nextMs: awaited ? Math.max(3_000, 3_000 / fps) : 20_000, learned: true };
}

const REMEDIES: Readonly<Record<SourceConfig["type"], string>> = {
  demo: "This is a fault in the program: please report it.",
  images: "Check the path, and that this user may read it.",
  file: "Check the path, and that `gst-play-1.0` plays the file.",
  v4l2: "Check that the camera is plugged in and that this user is in the group `video`; `retort doctor` lists the cameras found.",
  csi: "Check the ribbon cable and the sensor's number; `retort doctor` lists the cameras found.",
  rtsp: "Check that the camera has power and network, its address and its password.",
  aravis:
    "Check that the camera has power and network and that no other program uses it; `retort doctor` lists the cameras found.",
  gstreamer: "Try the line with `gst-launch-1.0` and a `fakesink`.",
};

/** Why a camera gives no picture, and what to do about it. */
function explain(source: SourceConfig, reason: string): string {
  const sentence = /[.!?]$/.test(reason.trim()) ? reason.trim() : `${reason.trim()}.`;
  return `${sentence} ${REMEDIES[source.type]}`;
}
