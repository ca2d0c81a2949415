import type { InputSize } from "../network/rd.js";
import { floatsOf, openSession, Tensor } from "../onnx/session.js";

/** The scores that a bundle's model gives pictures, one at a time (so a large picture needs no large memory). */
export async function scorePictures(
  onnx: Uint8Array,
  pixels: readonly Uint8Array[],
  { width, height }: InputSize,
  options: { readonly threads: number; readonly onDone: (done: number) => void },
): Promise<number[]> {
  const session = await openSession(onnx, { threads: options.threads });
  try {
    const scores: number[] = [];
    for (const each of pixels) {
      const outputs = await session.run({ image: new Tensor("uint8", each, [1, height, width, 3]) });
      scores.push(floatsOf(outputs.score)[0]!);
      options.onDone(scores.length);
    }
    return scores;
  } finally {
    await session.close();
  }
}
