import { type Feeds, floats } from "../onnx/session.js";

/** Mean and deviation of each channel of a map, over pictures and places. */
export interface ChannelStandard {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** Of the maps of a backbone, fine to coarse. */
export type Standard = readonly [ChannelStandard, ChannelStandard, ChannelStandard];

/** Channels that hardly move on good pictures are not blown up further than to this share of the mean deviation. */
const LEAST_SHARE = 0.1;

/** Adds up maps, and yields their standard. */
export class StandardSums {
  readonly #sums: readonly { readonly sum: Float64Array; readonly square: Float64Array; places: number }[];

  /** @param channels of each of the maps */
  constructor(channels: readonly [number, number, number]) {
    this.#sums = channels.map((count) => ({
      sum: new Float64Array(count),
      square: new Float64Array(count),
      places: 0,
    }));
  }

  /** @param maps of some pictures, [N, C, H, W] each */
  add(maps: readonly Float32Array[], images: number): void {
    this.#sums.forEach((total, index) => {
      const values = maps[index]!;
      const channels = total.sum.length;
      const places = values.length / images / channels;
      for (let row = 0; row < images * channels; row += 1) {
        const channel = row % channels;
        let [sum, square] = [0, 0];
        for (let at = row * places; at < (row + 1) * places; at += 1) {
          sum += values[at]!;
          square += values[at]! ** 2;
        }
        total.sum[channel]! += sum;
        total.square[channel]! += square;
      }
      total.places += images * places;
    });
  }

  standard(): Standard {
    const [fine, middle, coarse] = this.#sums.map(({ sum, square, places }): ChannelStandard => {
      const mean = Float32Array.from(sum, (each) => each / places);
      const own = Array.from(square, (each, channel) =>
        Math.sqrt(Math.max(0, each / places - (sum[channel]! / places) ** 2)),
      );
      const least = LEAST_SHARE * (own.reduce((total, each) => total + each, 0) / own.length) || 1;
      return { mean, deviation: Float32Array.from(own, (each) => Math.max(each, least)) };
    });
    return [fine!, middle!, coarse!];
  }
}

/** A standard as feeds `mean1` to 3 and `deviation1` to 3. */
export function standardFeeds(standard: Standard): Feeds {
  return Object.fromEntries(
    standard.flatMap(({ mean, deviation }, index) => [
      [`mean${index + 1}`, floats(mean, [mean.length])],
      [`deviation${index + 1}`, floats(deviation, [deviation.length])],
    ]),
  );
}
