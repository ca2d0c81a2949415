import type { V4l2Source } from "../../../config/types.js";
import type { Board } from "./board.js";
import { ownSize } from "./own-size.js";
import { caps, decoded, quoted } from "./text.js";

/** A UVC or other Video4Linux camera. */
export function v4l2Head({ device, width, height, format }: V4l2Source, board: Board): string {
  const source = `v4l2src device=${quoted(device)}`;
  if (format === "MJPG") {
    // nvjpegdec leaks on JetPack 5; the hardware decoder has a JPEG mode.
    const decoder = board === "jetson" ? "nvv4l2decoder mjpeg=1" : "jpegdec";
    return `${source} ! ${caps("image/jpeg", { width, height })} ! ${decoder} ! ${ownSize}`;
  }
  const raw = caps("video/x-raw", { format, width, height });
  // With nothing asked for, the camera's own preference, which may be compressed. decodebin too asks nobody behind it.
  return raw === "video/x-raw" ? `${source} ! ${decoded}` : `${source} ! ${raw} ! ${ownSize}`;
}
