import { type Component, connectedComponents } from "../../models/pictures/components.js";
import type { Rect, Region, Size } from "../types.js";

/** A message stays readable and bounded; the strongest regions are the ones published. */
const MAX_REGIONS = 32;

/**
 * The 8-connected components of a map above a threshold, in the camera's pixels, the strongest first, at most 32.
 * @param map float32 [size.height, size.width]
 * @param view the part of the camera's frame that the map covers, in the camera's pixels
 */
export function regionsOf(map: Float32Array, size: Size, threshold: number, view: Rect): Region[] {
  // A loop: Uint8Array.from with a function takes 5 ms for 256 x 256, all of this 0.5.
  const above = new Uint8Array(map.length);
  for (let at = 0; at < map.length; at += 1) above[at] = map[at]! > threshold ? 1 : 0;
  const { labels, components } = connectedComponents(above, size.width, size.height);
  const peaks = new Float32Array(components.length).fill(Number.NEGATIVE_INFINITY);
  for (let at = 0; at < labels.length; at += 1) {
    const index = labels[at]! - 1;
    if (index >= 0 && map[at]! > peaks[index]!) peaks[index] = map[at]!;
  }
  return components
    .map((component, index) => ({ component, peak: peaks[index]! }))
    .sort((a, b) => b.peak - a.peak)
    .slice(0, MAX_REGIONS)
    .map(({ component, peak }) => inCamera(component, peak, size, view));
}

function inCamera(component: Component, peak: number, size: Size, view: Rect): Region {
  const scaleX = view.width / size.width;
  const scaleY = view.height / size.height;
  const x = view.x + Math.floor(component.left * scaleX);
  const y = view.y + Math.floor(component.top * scaleY);
  return {
    x,
    y,
    width: view.x + Math.ceil((component.right + 1) * scaleX) - x,
    height: view.y + Math.ceil((component.bottom + 1) * scaleY) - y,
    area: Math.round(component.area * scaleX * scaleY),
    score: peak,
  };
}
