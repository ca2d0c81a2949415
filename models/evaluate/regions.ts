/** Connected regions of a mask. */

/**
 * Labels the 8-connected regions of `mask` ([height, width], anything but 0 belongs to a region).
 * `labels` is [height, width], 0 outside, else 1 + the index into `areas` (pixels).
 */
export function connectedRegions(
  mask: Uint8Array,
  width: number,
  height: number,
): { labels: Int32Array; areas: number[] } {
  const labels = new Int32Array(width * height);
  const areas: number[] = [];
  const waiting = new Int32Array(width * height);
  for (let start = 0; start < mask.length; start++) {
    if (!mask[start] || labels[start]) continue;
    const label = areas.length + 1;
    let count = 0;
    labels[start] = label;
    waiting[count++] = start;
    // Each pixel enters the list once, so its final length is the area.
    for (let at = 0; at < count; at++) {
      const pixel = waiting[at] as number;
      const x = pixel % width;
      const y = (pixel - x) / width;
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++)
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const next = ny * width + nx;
          if (!mask[next] || labels[next]) continue;
          labels[next] = label;
          waiting[count++] = next;
        }
    }
    areas.push(count);
  }
  return { labels, areas };
}
