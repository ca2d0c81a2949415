import type { Frame, Inspection } from "../types.js";

/**
 * The newest frames of each camera, in memory. They are held by reference: once it is inspected, nobody changes or
 * transfers a frame's pixels.
 */
export interface RecentFrames {
  push(inspection: Inspection): void;
  /** The newest of the camera if it was captured then. Only this one's map is held. */
  inspectionAt(camera: string, capturedAtMs: number): Inspection | null;
  /** Oldest first, the newest inspected one last. */
  frames(camera: string): readonly Frame[];
}

export interface RingLimits {
  /** Frames of one camera. */
  readonly frames: number;
  /** Of all cameras together; but each camera's newest frame is held in any case. */
  readonly bytes: number;
  readonly cameras: number;
}

export function recentFrames({ frames: count, bytes, cameras }: RingLimits): RecentFrames {
  const rings = new Map<string, Frame[]>();
  const newest = new Map<string, Inspection>();
  const share = bytes / Math.max(1, cameras);
  return {
    push(inspection) {
      const { frame } = inspection;
      newest.set(frame.camera, inspection);
      const ring = rings.get(frame.camera) ?? [];
      rings.set(frame.camera, ring);
      ring.push(frame);
      const most = Math.max(1, Math.min(count, Math.floor(share / frame.pixels.byteLength)));
      while (ring.length > most) ring.shift();
    },
    inspectionAt(camera, capturedAtMs) {
      const inspection = newest.get(camera);
      return inspection?.frame.capturedAtMs === capturedAtMs ? inspection : null;
    },
    frames: (camera) => [...(rings.get(camera) ?? [])],
  };
}
