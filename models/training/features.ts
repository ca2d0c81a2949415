import { freemem } from "node:os";
import type { Backbone } from "../network/backbones/backbone.js";
import { type InputSize, teacherGraph } from "../network/rd.js";
import { encodeModel } from "../onnx/encode.js";
import { type Feeds, floats, floatsOf, openSession, Tensor } from "../onnx/session.js";
import type { Weights } from "../weights/weights.js";

export interface FeatureSource {
  /** The teacher's features of pictures by index, as feeds `f1`, `f2`, `f3` of a training step; overwritten by the next call. */
  batch(indices: readonly number[]): Promise<Feeds>;
  close(): Promise<void>;
}

/** Pictures in one run of the teacher. */
const TEACHER_BATCH = 8;

/**
 * Opens the teacher's features of pictures. The teacher is frozen and the pictures are not augmented, so that each picture's features
 * are computed once and kept, as far as memory allows; the others are computed again each time.
 * @param options.memoryBytes for features that are kept; half of the free memory unless given
 */
export async function openFeatures(
  backbone: Backbone,
  teacher: Weights,
  pixels: readonly Uint8Array[],
  size: InputSize,
  options: { readonly threads: number; readonly memoryBytes?: number },
): Promise<FeatureSource> {
  const session = await openSession(encodeModel(teacherGraph(backbone, teacher, size)), { threads: options.threads });
  const shapes = backbone.scales.map(({ channels, stride }) => [channels, size.height / stride, size.width / stride]);
  const lengths = shapes.map((shape) => shape.reduce((a, b) => a * b, 1));
  const bytesEach = 4 * lengths.reduce((a, b) => a + b, 0);
  const capacity = Math.floor((options.memoryBytes ?? freemem() / 2) / bytesEach);
  const kept = new Map<number, readonly Float32Array[]>();
  const buffers: Float32Array[] = [];
  const buffer = (scale: number, length: number): Float32Array => {
    const last = buffers[scale];
    if (last?.length === length) return last;
    buffers[scale] = new Float32Array(length);
    return buffers[scale];
  };

  async function compute(indices: readonly number[]): Promise<Map<number, readonly Float32Array[]>> {
    const found = new Map<number, readonly Float32Array[]>();
    for (let from = 0; from < indices.length; from += TEACHER_BATCH) {
      const part = indices.slice(from, from + TEACHER_BATCH);
      const input = new Uint8Array(part.length * size.height * size.width * 3);
      part.forEach((index, slot) => void input.set(pixels[index]!, slot * size.height * size.width * 3));
      const image = new Tensor("uint8", input, [part.length, size.height, size.width, 3]);
      const outputs = await session.run({ image });
      part.forEach((index, slot) => {
        const maps = lengths.map((length, scale) =>
          floatsOf(outputs[`f${scale + 1}`]).slice(slot * length, (slot + 1) * length),
        );
        found.set(index, maps);
        if (kept.size < capacity) kept.set(index, maps);
      });
    }
    return found;
  }

  return {
    async batch(indices) {
      const computed = await compute(indices.filter((index) => !kept.has(index)));
      return Object.fromEntries(
        shapes.map((shape, scale) => {
          const length = lengths[scale]!;
          const joined = buffer(scale, indices.length * length);
          indices.forEach((index, slot) => {
            const maps = kept.get(index) ?? computed.get(index)!;
            joined.set(maps[scale]!, slot * length);
          });
          return [`f${scale + 1}`, floats(joined, [indices.length, ...shape])];
        }),
      );
    },
    close: () => session.close(),
  };
}
