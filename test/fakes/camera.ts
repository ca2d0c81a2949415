import { Observable } from "rxjs";
import type { WatchOptions } from "../../agent/line/line-of.js";
import type { CameraEvent, Frame } from "../../agent/types.js";
import { greyFrame } from "../support/frames.js";

export interface FakeCamera {
  readonly watch: (options: WatchOptions) => Observable<CameraEvent>;
  /** Says anything at any time. */
  tell(event: CameraEvent): void;
  /** Frames asked for and not delivered. */
  wanted(): number;
  delivered(): number;
  watched(): boolean;
}

/**
 * Delivers frames of the given grey levels, each when it is asked for, one a turn of the event loop; then it waits.
 * With `null` levels it never delivers.
 */
export function fakeCamera(id: string, levels: Iterable<number> | null): FakeCamera {
  let wanted = 0;
  let delivered = 0;
  let watched = false;
  let say: (event: CameraEvent) => void = () => undefined;
  return {
    tell: (event) => say(event),
    wanted: () => wanted,
    delivered: () => delivered,
    watched: () => watched,
    watch: ({ camera, input, demand$ }) =>
      new Observable<CameraEvent>((subscriber) => {
        const source = levels?.[Symbol.iterator]();
        watched = true;
        say = (event) => subscriber.next(event);
        subscriber.next({ kind: "condition", camera: camera.id, condition: "delivering", reason: null });
        const deliver = (): void => {
          const next = source?.next();
          if (!watched || next === undefined || next.done === true) return;
          wanted -= 1;
          delivered += 1;
          const frame: Frame = greyFrame(next.value, input, {
            camera: id,
            number: delivered,
            capturedAtMs: Date.now(),
            availableAtMs: performance.now(),
          });
          subscriber.next({ kind: "frame", camera: id, frame });
        };
        const demand = demand$.subscribe((count) => {
          wanted += count;
          for (let each = 0; each < count; each += 1) setImmediate(deliver);
        });
        return () => {
          watched = false;
          demand.unsubscribe();
        };
      }),
  };
}
