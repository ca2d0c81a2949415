import type { AravisSource, RoiConfig } from "../../../config/types.js";
import type { Board } from "../../kit/board.js";
import type { Size } from "../../types.js";
import type { FrameSource, Grab } from "../frame-source.js";
import { createGstreamerSource, type GstreamerSource } from "../gstreamer.js";
import { FEED, type RawPicture, visionLine } from "../launch/sources.js";
import { padRows } from "../rows.js";
import type { VisionDevice } from "./device.js";
import { createSession, type Session } from "./session.js";

export interface VisionSourceOptions {
  readonly source: AravisSource;
  readonly input: Size;
  readonly roi: RoiConfig;
  readonly board: Board;
  readonly open: () => Promise<VisionDevice>;
  readonly monotonicMs: () => number;
}

/** A GigE Vision or USB3 Vision camera: Aravis brings its pictures, GStreamer scales them. */
export function createVisionSource(options: VisionSourceOptions): FrameSource {
  const { source, open, monotonicMs } = options;
  let session: Session | null = null;
  let scaler: Scaler | null = null;
  let ending: Promise<unknown> = Promise.resolve();

  async function grab(): Promise<Grab> {
    const from = session;
    if (from === null) return { kind: "lost", reason: "stopped" };
    const answer = await from.take();
    const picture = from.opened()?.picture;
    if (answer.kind === "lost" || picture === undefined) {
      return { kind: "lost", reason: answer.kind === "lost" ? answer.reason : "stopped" };
    }
    if (answer.kind === "incomplete") {
      const reason = "packets of the picture were lost on the way";
      return { kind: "unreadable", code: "CAMERA_PICTURE_INCOMPLETE", reason, origin: "camera" };
    }
    const { delivery, missed, takenAtMs } = answer;
    const bytes = delivery.read();
    delivery.release();
    const scaled = await scalerFor(picture).scale(bytes);
    return scaled.kind === "picture" ? { ...scaled, missed, takenAtMs } : scaled;
  }

  /** Made anew only where the camera has changed its mind: the binding never frees a pipeline. */
  function scalerFor(picture: RawPicture): Scaler {
    if (scaler === null || !same(scaler.picture, picture)) {
      if (scaler !== null) ending = Promise.all([ending, scaler.source.stop()]);
      scaler = createScaler(picture, options);
    }
    return scaler;
  }

  return {
    start() {
      session = createSession({ open, onDemand: source.trigger === "software", monotonicMs });
    },
    grab,
    answered: () => session?.opened() != null,
    stop() {
      if (session !== null) ending = Promise.all([ending, session.end(), scaler?.stop()]);
      session = null;
      return ending.then(() => undefined);
    },
  };
}

/** One that is judged, one behind it, and one that is just scaled. */
const HELD = 3;

interface Scaler {
  readonly picture: RawPicture;
  readonly source: GstreamerSource;
  scale(bytes: Uint8Array): Promise<Grab>;
  stop(): Promise<void>;
}

function createScaler(picture: RawPicture, { input, roi, board }: VisionSourceOptions): Scaler {
  const launch = visionLine(picture, { input, roi, board });
  const source = createGstreamerSource({ launch, input, feed: FEED, held: HELD });
  const bytesPerPixel = picture.gstreamer.endsWith("format=RGB") ? 3 : 1;
  let running = false;
  return {
    picture,
    source,
    scale(bytes) {
      if (!running) source.start();
      running = true;
      source.push(padRows(bytes, picture, bytesPerPixel));
      return source.grab();
    },
    stop() {
      running = false;
      return source.stop();
    },
  };
}

function same(one: RawPicture, other: RawPicture): boolean {
  return one.gstreamer === other.gstreamer && one.width === other.width && one.height === other.height;
}
