import type { SourceConfig } from "../../config/types.js";

const remedies: Readonly<Record<SourceConfig["type"], string>> = {
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
export function explain(source: SourceConfig, reason: string): string {
  const sentence = /[.!?]$/.test(reason.trim()) ? reason.trim() : `${reason.trim()}.`;
  return `${sentence} ${remedies[source.type]}`;
}
