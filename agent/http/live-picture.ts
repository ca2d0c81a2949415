import type { LivePicture } from "../contract/live-events.js";
import { timestamp } from "../contract/payloads.js";
import type { Inspection, Region, Size } from "../types.js";
import { shortened } from "./score-ring.js";

/** Of a map's longer side as it is sent: the model's is blurred by more than what is lost. */
const MAP_SIDE = 96;
/** What 255 stands for, in thresholds: half of the scale lies above. */
const SCALE = 2;

/** A picture with its map. @param regionsOf where the map lies above a threshold */
export function livePicture(
  jpeg: Uint8Array,
  inspection: Inspection,
  threshold: number,
  regionsOf: (inspection: Inspection, threshold: number) => readonly Region[],
): LivePicture {
  const { frame, score, map } = inspection;
  const { width, height } = frame.size;
  const scale = Math.min(SCALE * threshold, Number.MAX_VALUE);
  const anomalous = score > threshold;
  const small = smallMap(map, frame.size, scale);
  return {
    camera: frame.camera,
    frame: frame.number,
    ts: timestamp(frame.capturedAtMs),
    score: shortened(score),
    threshold,
    anomalous,
    regions: anomalous ? regionsOf(inspection, threshold) : [],
    view: frame.view,
    context: frame.context ?? null,
    width,
    height,
    jpeg: base64(jpeg),
    map: base64(small.values),
    mapWidth: small.width,
    mapHeight: small.height,
    mapScale: scale,
  };
}

/**
 * A map in whole numbers, 255 at `scale` and beyond; each value is the highest of those that it stands for, so that no small defect is lost.
 * @param map float32 [size.height, size.width]
 * @returns uint8 [height, width]
 */
export function smallMap(map: Float32Array, size: Size, scale: number): Size & { readonly values: Uint8Array } {
  const shrink = Math.max(1, Math.ceil(Math.max(size.width, size.height) / MAP_SIDE));
  const width = Math.ceil(size.width / shrink);
  const height = Math.ceil(size.height / shrink);
  const values = new Uint8Array(width * height);
  // On the main thread: only what stands for others is scaled and rounded.
  const highest = new Float32Array(width);
  for (let row = 0; row < height; row += 1) {
    highest.fill(0);
    const end = Math.min(size.height, (row + 1) * shrink);
    for (let y = row * shrink; y < end; y += 1) {
      let at = y * size.width;
      for (let column = 0; column < width; column += 1) {
        const columnEnd = y * size.width + Math.min(size.width, (column + 1) * shrink);
        let most = highest[column]!;
        for (; at < columnEnd; at += 1) if (map[at]! > most) most = map[at]!;
        highest[column] = most;
      }
    }
    for (let column = 0; column < width; column += 1) {
      values[row * width + column] = Math.min(255, Math.round((highest[column]! / scale) * 255));
    }
  }
  return { width, height, values };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
