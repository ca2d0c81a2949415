import type { Frame, Inspection } from "../types.js";

/**
 * The newest frames of each camera, in memory. They are held by reference: once it is inspected, nobody changes or
 * transfers a frame's pixels.
 */
export interface RecentFrames {
  push(inspection: Inspection): void;
  /** Holds the picture that stands for a part, until the next one's: it is seldom the newest when the part is over. */
  ofPart(inspection: Inspection): void;
  /** The newest of the camera, or that of its latest part, if it was captured then. Only the maps of these two are held. */
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
  const ofParts = new Map<string, Inspection>();
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
    ofPart(inspection) {
      ofParts.set(inspection.frame.camera, inspection);
    },
    inspectionAt(camera, capturedAtMs) {
      const held = [newest.get(camera), ofParts.get(camera)];
      return held.find((each) => each?.frame.capturedAtMs === capturedAtMs) ?? null;
    },
    frames: (camera) => [...(rings.get(camera) ?? [])],
  };
}
