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
import { Credits } from "./credits.js";
import type { FrameSource } from "./frame-source.js";
import { createFrames, type Lost } from "./frames.js";
import { isLive } from "./launch/launch.js";
import { type OpenSource, openSource } from "./open.js";
import { createPace } from "./pace.js";
import { CameraLost, type Patience, type Played, play } from "./play.js";
import { reconnect } from "./reconnect.js";
import { explain } from "./remedy.js";

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
  readonly patience: (source: SourceConfig) => Patience;
}

const real: CaptureDeps = {
  openSource,
  scheduler: asyncScheduler,
  random: Math.random,
  wallMs: Date.now,
  monotonicMs: () => performance.now(),
  patience: (source) =>
    isLive(source)
      ? { firstMs: 5_000, answeredMs: 20_000, nextMs: 3_000 }
      : { firstMs: 20_000, answeredMs: 20_000, nextMs: 20_000 },
};

/**
 * What one camera has to say, for as long as it is watched. Never errors: a camera that cannot be reached, or stops delivering, is
 * `no-signal` with the reason, and is tried again for ever. Completes only where a source without `loop` has ended.
 * Unsubscribing releases the camera at once, even one that never delivers.
 */
export function watchCamera(options: WatchCameraOptions, deps: Partial<CaptureDeps> = {}): Observable<CameraEvent> {
  const { camera, input, demand$ } = options;
  const all = { ...real, ...deps };
  const { scheduler, random, monotonicMs } = all;
  const { id, source: config, fps } = camera;
  return defer(() => {
    const credits = new Credits();
    const demand = demand$.subscribe((count) => credits.add(count));
    const frames = createFrames(camera, input, all);
    // Made once: the binding never frees a pipeline, so a lost camera's is started again.
    let source: FrameSource | undefined;
    const attempt$ = defer(() => {
      source ??= all.openSource(camera, input);
      const pace = paceOf(config, fps, monotonicMs);
      const played$ = play({
        source,
        credits,
        pace,
        triggered: config.type === "aravis" && config.trigger === "hardware",
        patience: all.patience(config),
        scheduler,
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
      startWith<CameraEvent>({ kind: "condition", camera: id, condition: "starting", reason: null }),
      finalize(() => demand.unsubscribe()),
    );
  });
}

/** Whether a source begins anew at its end. */
function loops(source: SourceConfig): boolean {
  return (source.type === "images" || source.type === "file") && source.loop;
}

/** A live camera sets its own pace, kept to `fps` where it begins; what waits to be asked is asked on the beat. */
function paceOf(source: SourceConfig, fps: number, monotonicMs: () => number): () => number {
  const onDemand = source.type === "aravis" && source.trigger === "software";
  if (isLive(source) && !onDemand) return () => 0;
  const pace = createPace(fps);
  return () => pace(monotonicMs());
}
