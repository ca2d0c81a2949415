import type { CameraConfig, SourceType } from "../../config/types.js";
import type { ImagePolicy } from "./image-health.js";

/**
 * How many pictures in a row may be the same. A sensor's noise never repeats; a compressed stream of a scene that stands
 * still does, until its next key frame; what is drawn or read from a file may at any time.
 */
const frozenAfter: Readonly<Record<SourceType, number | null>> = {
  v4l2: 10,
  csi: 10,
  aravis: 10,
  rtsp: 100,
  gstreamer: null,
  file: null,
  images: null,
  demo: null,
};

export function imagePolicy({ health, source }: CameraConfig): ImagePolicy {
  const limit = (value: number | "off"): number | null => (value === "off" || !health.enabled ? null : value);
  return {
    black: limit(health.black),
    saturated: limit(health.saturated),
    frozenAfter: limit(health.frozenAfter === "auto" ? (frozenAfter[source.type] ?? "off") : health.frozenAfter),
    blurred: limit(health.blurred),
    obstructed: limit(health.obstructed),
  };
}
