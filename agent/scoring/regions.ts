import type { Rect, Region, Size } from "../types.js";

/** A message stays readable and bounded; the strongest regions are the ones told. */
const MAX_REGIONS = 32;

/**
 * The 8-connected components of a map above a threshold, in the camera's pixels, the strongest first, at most 32.
 * @param map float32 [size.height, size.width]
 * @param view the part of the camera's frame that the map covers, in the camera's pixels
 */
export function regionsOf(map: Float32Array, size: Size, threshold: number, view: Rect): Region[] {
  const { width, height } = size;
  const seen = new Uint8Array(width * height);
  const stack: number[] = [];
  const found: Component[] = [];
  for (let start = 0; start < map.length; start += 1) {
    if (seen[start] === 1 || !(map[start]! > threshold)) continue;
    const component: Component = { left: width, top: height, right: -1, bottom: -1, count: 0, peak: -Infinity };
    seen[start] = 1;
    stack.push(start);
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const x = at % width;
      const y = (at - x) / width;
      include(component, x, y, map[at]!);
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny += 1) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx += 1) {
          const neighbour = ny * width + nx;
          if (seen[neighbour] === 1 || !(map[neighbour]! > threshold)) continue;
          seen[neighbour] = 1;
          stack.push(neighbour);
        }
      }
    }
    found.push(component);
  }
  found.sort((a, b) => b.peak - a.peak);
  return found.slice(0, MAX_REGIONS).map((component) => inCamera(component, size, view));
}

/** Bounds are inclusive, in the map's pixels. */
interface Component {
  left: number;
  top: number;
  right: number;
  bottom: number;
  count: number;
  peak: number;
}

function include(component: Component, x: number, y: number, value: number): void {
  if (x < component.left) component.left = x;
  if (x > component.right) component.right = x;
  if (y < component.top) component.top = y;
  if (y > component.bottom) component.bottom = y;
  if (value > component.peak) component.peak = value;
  component.count += 1;
}

function inCamera(component: Component, size: Size, view: Rect): Region {
  const scaleX = view.width / size.width;
  const scaleY = view.height / size.height;
  const x = view.x + Math.floor(component.left * scaleX);
  const y = view.y + Math.floor(component.top * scaleY);
  return {
    x,
    y,
    width: view.x + Math.ceil((component.right + 1) * scaleX) - x,
    height: view.y + Math.ceil((component.bottom + 1) * scaleY) - y,
    area: Math.round(component.count * scaleX * scaleY),
    score: component.peak,
  };
}
