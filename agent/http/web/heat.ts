/** The bytes of a base64 text. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/** Share of the threshold from which on the heatmap shows. */
const FROM = 0.4;
/** Red, green, blue at shares of the threshold: readable over grey metal, and for the colour-blind by lightness. */
const STOPS: readonly (readonly [number, number, number, number])[] = [
  [FROM, 60, 20, 130],
  [0.75, 190, 40, 120],
  [1, 250, 110, 30],
  [1.5, 255, 235, 90],
];

const tables = new Map<number, Uint8ClampedArray>();

/** RGBA of each of the 256 values of a map, [256, 4]. @param scale the score at 255, in thresholds */
function tableOf(scale: number): Uint8ClampedArray {
  const known = tables.get(scale);
  if (known !== undefined) return known;
  const table = new Uint8ClampedArray(256 * 4);
  for (let value = 0; value < 256; value += 1) {
    const share = (value / 255) * scale;
    const next = STOPS.findIndex(([at]) => at >= share);
    const high = STOPS[next === -1 ? STOPS.length - 1 : next] ?? [1, 255, 0, 0];
    const low = STOPS[next <= 0 ? (next === 0 ? 0 : STOPS.length - 1) : next - 1] ?? high;
    const mix = high[0] === low[0] ? 1 : (share - low[0]) / (high[0] - low[0]);
    for (const channel of [1, 2, 3] as const) {
      table[value * 4 + channel - 1] = low[channel] + (high[channel] - low[channel]) * mix;
    }
    table[value * 4 + 3] = share <= FROM ? 0 : Math.min(1, (share - FROM) / (1 - FROM)) * 255;
  }
  // A threshold dragged about makes new scales: the oldest make room.
  if (tables.size > 16) tables.clear();
  tables.set(scale, table);
  return table;
}

/** Colours a map of uint8 into pixels of the same size, RGBA. */
export function colour(map: Uint8Array, pixels: Uint8ClampedArray, scale: number): void {
  const table = tableOf(Math.round(scale * 100) / 100);
  for (let index = 0; index < map.length; index += 1) {
    const from = (map[index] ?? 0) * 4;
    pixels[index * 4] = table[from] ?? 0;
    pixels[index * 4 + 1] = table[from + 1] ?? 0;
    pixels[index * 4 + 2] = table[from + 2] ?? 0;
    pixels[index * 4 + 3] = table[from + 3] ?? 0;
  }
}
