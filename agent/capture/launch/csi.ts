import type { CsiSource } from "../../../config/types.js";
import type { Board } from "./board.js";
import { ownSize } from "./own-size.js";
import { caps, fraction } from "./text.js";

/** A CSI camera: Argus on a Jetson, libcamera elsewhere. */
export function csiHead({ sensorId, width, height, framerate }: CsiSource, board: Board): string {
  const fields = { width, height, framerate: framerate === undefined ? undefined : fraction(framerate) };
  if (board === "jetson") {
    const filter = caps("video/x-raw(memory:NVMM)", { format: "NV12", ...fields });
    return `nvarguscamerasrc sensor-id=${sensorId} ! ${filter} ! ${ownSize}`;
  }
  return `libcamerasrc ! ${caps("video/x-raw", fields)} ! ${ownSize}`;
}
