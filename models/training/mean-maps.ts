import type { MeanMaps } from "../network/rd.js";
import { floatsOf } from "../onnx/session.js";
import type { WeightTensor } from "../weights/weights.js";
import type { FeatureSource } from "./features.js";

/** Pictures at a time. */
const BATCH = 8;

/** The mean of the teacher's maps over pictures, each place on its own. @param indices of the pictures, at least one */
export async function meanMaps(features: FeatureSource, indices: readonly number[]): Promise<MeanMaps> {
  const sums: (Float64Array | undefined)[] = [];
  const shapes: (readonly number[])[] = [];
  for (let from = 0; from < indices.length; from += BATCH) {
    const part = indices.slice(from, from + BATCH);
    const feeds = await features.batch(part);
    for (const scale of [0, 1, 2]) {
      const tensor = feeds[`f${scale + 1}`]!;
      const values = floatsOf(tensor);
      const length = values.length / part.length;
      const sum = sums[scale] ?? new Float64Array(length);
      for (let at = 0; at < values.length; at += 1) sum[at % length]! += values[at]!;
      sums[scale] = sum;
      shapes[scale] = tensor.dims.slice(1);
    }
  }
  const mean = (scale: number): WeightTensor => ({
    shape: shapes[scale]!,
    data: Float32Array.from(sums[scale]!, (sum) => sum / indices.length),
  });
  return { means: [mean(0), mean(1), mean(2)] };
}
