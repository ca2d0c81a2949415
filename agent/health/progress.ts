import type { CameraConfig } from "../../config/types.js";

/** For how long nothing may become of a camera before nobody believes that something will, milliseconds. */
export interface Patience {
  /** While frames wait for their judgement. */
  readonly answersWithinMs: number;
  /** While none does; null where pictures come when somebody asks for them. */
  readonly silentMs: number | null;
}

/** Capture itself knows after a minute at most that a camera is silent, and says so. */
const CAPTURE_KNOWS_MS = 60_000;
/** What is told in time may be told late by a busy machine. */
const MARGIN = 2;

/** The patience with a camera's pictures, beyond what capture waits for before it says that there is no signal. */
export function silenceOf({ fps, noSignalAfterS }: CameraConfig): number {
  const configuredMs = noSignalAfterS === "auto" ? 0 : noSignalAfterS * 1_000;
  return MARGIN * Math.max(CAPTURE_KNOWS_MS, configuredMs, 3_000 / fps);
}

/** What goes on in one run of a camera, counted: whoever looks twice sees whether anything did. */
export class Progress {
  readonly patience: Patience;
  #steps = 0;
  #inFlight = 0;

  constructor(patience: Patience) {
    this.patience = patience;
  }

  /** Grows with everything that comes of the camera, and with every frame that is judged or given up. */
  get steps(): number {
    return this.#steps;
  }

  /** Frames that were captured, and of which nothing has become yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Something came of the camera. */
  heard(isFrame: boolean): void {
    this.#steps += 1;
    if (isFrame) this.#inFlight += 1;
  }

  /** A frame was judged, or could not be. */
  settled(): void {
    this.#steps += 1;
    this.#inFlight -= 1;
  }
}
