import type { CameraConfig } from "../../config/types.js";
import { type Board, detectBoard } from "../kit/board.js";
import type { Size } from "../types.js";
import { createDemoSource, type OpenDemoFrames, shippedDemoFrames } from "./demo.js";
import type { FrameSource } from "./frame-source.js";
import { createGstreamerSource } from "./gstreamer.js";
import { createImagesSource, createWatchedImagesSource } from "./images.js";
import { isLive, type LaunchedSource, launchLine } from "./launch/sources.js";
import { passwordOf } from "./password.js";
import { loadAravis } from "./vision/aravis.js";
import { openDevice } from "./vision/device.js";
import { createVisionSource } from "./vision/source.js";

export interface OpenDeps {
  readonly openDemoFrames?: OpenDemoFrames;
  readonly board?: Board;
}

export type OpenSource = (camera: CameraConfig, input: Size) => FrameSource;

/** The source that a camera's configuration names. Throws CAMERA_PASSWORD_UNREADABLE. */
export function openSource(camera: CameraConfig, input: Size, deps: OpenDeps = {}): FrameSource {
  const { source, roi, fps } = camera;
  if (source.type === "demo") {
    return createDemoSource({ input, roi, openFrames: deps.openDemoFrames ?? shippedDemoFrames });
  }
  const monotonicMs = (): number => performance.now();
  if (source.type === "images") {
    const { path, watch } = source;
    if (watch === "off") return createImagesSource({ path, input, roi });
    return createWatchedImagesSource({ path, input, roi, watch, monotonicMs });
  }
  const board = deps.board ?? detectBoard();
  if (source.type === "aravis") {
    const open = () => openDevice(loadAravis(), source, fps);
    return createVisionSource({ source, input, roi, board, open, monotonicMs });
  }
  const password = passwordOf(source);
  const launch = launchLine(source, { input, roi, board }, password);
  const user = source.type === "rtsp" ? source.username : undefined;
  const secrets = [user, password].filter((each) => each !== undefined);
  return createGstreamerSource({ launch, input, secrets, held: heldOf(source, board) });
}

/**
 * How many of the camera's own pictures are held. On a Jetson they lie in memory that cannot be read here, and decoders have few of them;
 * libcamera has few, too. A file's run ahead of what is judged, by what its sink and its queue hold.
 */
function heldOf(source: LaunchedSource, board: Board): number {
  if (board === "jetson" || source.type === "csi") return 1;
  return isLive(source) ? 3 : 5;
}
