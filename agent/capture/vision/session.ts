import { messageOf } from "../../../errors.js";
import type { Delivery, VisionDevice } from "./device.js";

/** What a session answers when it is asked for a picture. */
export type Answer =
  | { readonly kind: "picture"; readonly delivery: Delivery; readonly missed: number; readonly takenAtMs: number }
  /** A picture with holes: packets were lost on the way. */
  | { readonly kind: "incomplete" }
  | { readonly kind: "lost"; readonly reason: string };

export interface Session {
  /** The camera; null until it is open. */
  readonly opened: () => VisionDevice | null;
  /** The newest picture, as soon as there is one. One request at a time. */
  take(): Promise<Answer>;
  /** Ends at once, and what waits with it. Resolves when the camera has been handed back, or may be gone. */
  end(): Promise<void>;
}

export interface SessionOptions {
  readonly open: () => Promise<VisionDevice>;
  /** Whether each picture has to be asked of the camera. */
  readonly onDemand: boolean;
  readonly monotonicMs: () => number;
}

/** The longest that one look for a picture may take: the end of a session waits for it. */
const LOOK_MS = 200;
/** A silent camera is asked this often whether it is still there: without triggers it may be silent for hours. */
const ASK_AFTER_MS = 2_000;
/** A camera that has been silent for so long when its session ends may be gone. */
const SUSPECT_AFTER_MS = 1_000;
/** A camera whose every picture has had holes for so long is lost. */
const HOLES_MS = 3_000;

const HOLES =
  "every picture arrives with holes, because packets are lost: raise net.core.rmem_max (`retort doctor` says to what), give this " +
  "program the capability CAP_NET_RAW, or use larger packets (MTU)";

/** One connection to a camera, from its opening to its end. It always looks for pictures, and keeps the newest. */
export function createSession({ open, onDemand, monotonicMs }: SessionOptions): Session {
  let device: VisionDevice | null = null;
  let over = false;
  let lost: string | null = null;
  let newest: { readonly delivery: Delivery; readonly takenAtMs: number } | null = null;
  let missed = 0;
  let incomplete = 0;
  let triggered = false;
  let triggeredAtMs = 0;
  let heardMs = monotonicMs();
  let waiting: ((answer: Answer) => void) | null = null;

  /** Takes the answer that can be given now, if there is one. */
  function next(): Answer | null {
    if (over) return { kind: "lost", reason: "stopped" };
    if (newest !== null) {
      const answer: Answer = { kind: "picture", ...newest, missed };
      newest = null;
      missed = 0;
      return answer;
    }
    if (incomplete > 0) {
      incomplete -= 1;
      return { kind: "incomplete" };
    }
    return lost === null ? null : { kind: "lost", reason: lost };
  }

  /** Answers whoever waits, where there is an answer. */
  function answer(): void {
    if (waiting === null) return;
    const ready = next();
    if (ready === null) return;
    const resolve = waiting;
    waiting = null;
    resolve(ready);
  }

  function triggerIfWanted(): void {
    if (!onDemand || device === null || waiting === null || triggered) return;
    triggered = true;
    triggeredAtMs = monotonicMs();
    device.trigger().catch(fail);
  }

  function fail(error: unknown): void {
    lost ??= messageOf(error);
    answer();
  }

  /** Whether the camera may be gone. Each request to it then takes seconds: it is not asked to stop, and its closing is not waited for. */
  function isSuspect(): boolean {
    return lost !== null || monotonicMs() - heardMs > SUSPECT_AFTER_MS;
  }

  async function look(from: VisionDevice): Promise<void> {
    heardMs = monotonicMs();
    let wholeMs = monotonicMs();
    while (!over && lost === null) {
      const delivery = await from.next(LOOK_MS);
      const nowMs = monotonicMs();
      if (delivery === null) {
        if (nowMs - heardMs < ASK_AFTER_MS) continue;
        await from.ask();
        heardMs = monotonicMs();
        continue;
      }
      heardMs = nowMs;
      // Before the exposure; else the earliest that is known of it.
      const takenAtMs = triggered ? triggeredAtMs : nowMs - delivery.underWayMs;
      triggered = false;
      if (delivery.whole) {
        wholeMs = nowMs;
        if (newest !== null) {
          newest.delivery.release();
          missed += 1;
        }
        newest = { delivery, takenAtMs };
      } else {
        delivery.release();
        incomplete += 1;
        if (nowMs - wholeMs > HOLES_MS) lost = HOLES;
      }
      answer();
      triggerIfWanted();
    }
  }

  async function run(): Promise<void> {
    try {
      device = await open();
      if (!over) {
        triggerIfWanted();
        await look(device);
      }
    } catch (error) {
      fail(error);
    }
    newest?.delivery.release();
    newest = null;
    answer();
    // A camera that is gone answers its closing with an error.
    await device?.close(isSuspect()).catch(() => null);
  }
  const running = run();

  return {
    opened: () => device,
    take() {
      return new Promise((resolve) => {
        waiting = resolve;
        answer();
        triggerIfWanted();
      });
    },
    end() {
      over = true;
      answer();
      return device !== null && isSuspect() ? Promise.resolve() : running;
    },
  };
}
