import { messageOf } from "../../../errors.js";
import type { Delivery, VisionDevice } from "./device.js";

/** What a session has to tell when it is asked for a picture. */
export type Told =
  | { readonly kind: "picture"; readonly delivery: Delivery; readonly missed: number }
  /** A picture with holes: packets were lost on the way. */
  | { readonly kind: "incomplete" }
  | { readonly kind: "lost"; readonly reason: string };

export interface Session {
  readonly opened: () => VisionDevice | null;
  /** The newest picture, as soon as there is one. One request at a time. */
  take(): Promise<Told>;
  /** Ends at once, and what waits with it. Resolves when the camera has been handed back, or may be gone. */
  end(): Promise<void>;
}

export interface SessionOptions {
  readonly open: () => Promise<VisionDevice>;
  /** Whether each picture has to be asked of the camera. */
  readonly onDemand: boolean;
  readonly monotonicMs: () => number;
}

/** How long one look for a picture may take: so long does an end wait. */
const lookMs = 200;
/** A silent camera is asked this often whether it is still there: for want of triggers it may be silent for hours. */
const askAfterMs = 2_000;
/** A camera silent for so long at its end may be gone. */
const suspectAfterMs = 1_000;
/** Holes in every picture for so long are no accident. */
const holesMs = 3_000;

const holes =
  "every picture arrives with holes, because packets are lost: raise net.core.rmem_max (`retort doctor` says to what), give this " +
  "program the capability CAP_NET_RAW, or use larger packets (MTU)";

/** One connection to a camera, from its opening to its end: always looks for pictures, keeps the newest. */
export function createSession({ open, onDemand, monotonicMs }: SessionOptions): Session {
  let device: VisionDevice | null = null;
  let over = false;
  let lost: string | null = null;
  let newest: Delivery | null = null;
  let missed = 0;
  let incomplete = 0;
  let triggered = false;
  let heardMs = monotonicMs();
  let waiting: ((told: Told) => void) | null = null;

  /** What there is to tell; taken when told. */
  function next(): Told | null {
    if (over) return { kind: "lost", reason: "stopped" };
    if (newest !== null) {
      const told: Told = { kind: "picture", delivery: newest, missed };
      newest = null;
      missed = 0;
      return told;
    }
    if (incomplete > 0) {
      incomplete -= 1;
      return { kind: "incomplete" };
    }
    return lost === null ? null : { kind: "lost", reason: lost };
  }

  function tell(): void {
    if (waiting === null) return;
    const told = next();
    if (told === null) return;
    const resolve = waiting;
    waiting = null;
    resolve(told);
  }

  function triggerIfWanted(): void {
    if (!onDemand || device === null || waiting === null || triggered) return;
    triggered = true;
    device.trigger().catch(fail);
  }

  function fail(error: unknown): void {
    lost ??= messageOf(error);
    tell();
  }

  /** Whether the camera may be gone. Each word to it then takes seconds: it is not asked to stop, and nobody waits for the rest. */
  function isSuspect(): boolean {
    return lost !== null || monotonicMs() - heardMs > suspectAfterMs;
  }

  async function look(from: VisionDevice): Promise<void> {
    heardMs = monotonicMs();
    let wholeMs = monotonicMs();
    while (!over && lost === null) {
      const delivery = await from.next(lookMs);
      const nowMs = monotonicMs();
      if (delivery === null) {
        if (nowMs - heardMs < askAfterMs) continue;
        await from.ask();
        heardMs = monotonicMs();
        continue;
      }
      heardMs = nowMs;
      triggered = false;
      if (delivery.whole) {
        wholeMs = nowMs;
        if (newest !== null) {
          newest.release();
          missed += 1;
        }
        newest = delivery;
      } else {
        delivery.release();
        incomplete += 1;
        if (nowMs - wholeMs > holesMs) lost = holes;
      }
      tell();
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
    newest?.release();
    newest = null;
    tell();
    // What a camera that is gone answers to its closing tells nothing.
    await device?.close(isSuspect()).catch(() => null);
  }
  const running = run();

  return {
    opened: () => device,
    take() {
      return new Promise((resolve) => {
        waiting = resolve;
        tell();
        triggerIfWanted();
      });
    },
    end() {
      over = true;
      tell();
      return device !== null && isSuspect() ? Promise.resolve() : running;
    },
  };
}
