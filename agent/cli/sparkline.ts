const heights = "▁▂▃▄▅▆▇█";

/** A curve in one line of text, `width` characters at most: neighbours are averaged where there are more values. */
export function sparkline(values: readonly number[], width = 60): string {
  const finite = values.filter(Number.isFinite);
  const columns = Math.min(width, finite.length);
  const means = Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * finite.length) / columns);
    const to = Math.floor(((column + 1) * finite.length) / columns);
    return finite.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
  });
  const low = Math.min(...means);
  const range = Math.max(...means) - low;
  return means
    .map((mean) => heights[range === 0 ? 0 : Math.round(((mean - low) / range) * (heights.length - 1))])
    .join("");
}
