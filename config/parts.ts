import type { CameraConfig } from "./types.js";

/** What one part of a camera is, and null where it sees a web or a belt without parts. */
export function partOf({ parts, source }: CameraConfig): "frame" | "context" | { readonly frames: number } | null {
  if (parts.per === "none") return null;
  if (parts.per !== "auto") return parts.per;
  return source.type === "images" || isTriggered(source) ? "frame" : null;
}

/** Whether each picture of a source is of one part: what is dropped there is a part that nobody judged. */
export function isTriggered(source: CameraConfig["source"]): boolean {
  return source.type === "aravis" && source.trigger !== "off";
}

/** When alerts of a camera are raised and cleared. */
export interface AlarmSettings {
  /** This many anomalous frames, or parts, of the last `within` raise one. */
  readonly raiseAfter: number;
  readonly within: number;
  /** So many good ones in a row clear it: scores up to `clearBelow`, a share of the threshold. */
  readonly clearAfter: number;
  readonly clearBelow: number;
}

export function alarmOf(camera: CameraConfig): AlarmSettings {
  const { clearAfter, clearBelow, within } = camera.alert;
  const raiseAfter = raiseAfterOf(camera);
  // As many good frames as clear an alarm also forget an anomalous one.
  return { raiseAfter, within: within ?? Math.max(raiseAfter, clearAfter), clearAfter, clearBelow };
}

/** The anomalous frames, or parts, that raise an alert. */
export function raiseAfterOf(camera: CameraConfig): number {
  const { raiseAfter } = camera.alert;
  if (raiseAfter !== "auto") return raiseAfter;
  return partOf(camera) === null ? 2 : 1;
}
