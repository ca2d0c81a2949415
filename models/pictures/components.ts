/** Connected components of a mask. */

export interface Component {
  /** In pixels. */
  readonly area: number;
  /** Its bounds, inclusive. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Components {
  /** int32 [height, width]: 0 outside, else 1 + the index into `components`. */
  readonly labels: Int32Array;
  /** In the order of their first pixels. */
  readonly components: readonly Component[];
}

/**
 * The 8-connected components of a mask.
 * @param mask uint8 [height, width]; anything but 0 belongs to a component
 */
export function connectedComponents(mask: Uint8Array, width: number, height: number): Components {
  const labels = new Int32Array(width * height);
  const components: Component[] = [];
  const queue = new Int32Array(width * height);
  for (let start = 0; start < mask.length; start += 1) {
    if (mask[start] === 0 || labels[start] !== 0) continue;
    const label = components.length + 1;
    let [left, top, right, bottom] = [width, height, 0, 0];
    let area = 0;
    labels[start] = label;
    queue[area] = start;
    area += 1;
    // Each pixel enters the queue once, so its final length is the area.
    for (let at = 0; at < area; at += 1) {
      const pixel = queue[at]!;
      const x = pixel % width;
      const y = (pixel - x) / width;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny += 1) {
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx += 1) {
          const next = ny * width + nx;
          if (mask[next] === 0 || labels[next] !== 0) continue;
          labels[next] = label;
          queue[area] = next;
          area += 1;
        }
      }
    }
    components.push({ area, left, top, right, bottom });
  }
  return { labels, components };
}
