import { assemble, floatOutput, type Parts } from "../onnx/parts.js";
import { type Feeds, openSession, type Session, Tensor } from "../onnx/session.js";
import type { Size } from "../pictures/images.js";
import { Histogram } from "./histogram.js";
import { layersIn } from "./layers.js";
import { wholeValues } from "./qdq.js";
import type { ValueRange } from "./whole-numbers.js";

/** Pictures of good parts, decoded for a model: RGB, uint8 [height, width, 3] each. */
export interface Pictures {
  readonly pixels: readonly Uint8Array[];
  readonly size: Size;
}

export interface Measured {
  /** Of every value that may become whole numbers, by name. */
  readonly histograms: ReadonlyMap<string, Histogram>;
  /** Height and width of each map among them. */
  readonly sizes: ReadonlyMap<string, readonly [height: number, width: number]>;
}

/** Which values a model's networks take on pictures of good parts: their range first, then how often which. */
export async function measured(
  parts: Parts,
  pictures: Pictures,
  { threads, onPicture }: { readonly threads: number; readonly onPicture: () => void },
): Promise<Measured> {
  const names = [...wholeValues(parts, new Set(layersIn(parts).map(({ name }) => name)))];
  const exposed = { ...parts, outputs: [...parts.outputs, ...names.map(floatOutput)] };
  const session = await openSession(assemble(exposed), { threads });
  try {
    const ranges = new Map<string, ValueRange>();
    const sizes = new Map<string, readonly [number, number]>();
    await eachPicture(session, pictures, names, onPicture, (name, values, [, , height = 0, width = 0]) => {
      ranges.set(name, widened(ranges.get(name), values));
      sizes.set(name, [height, width]);
    });
    const histograms = new Map([...ranges].map(([name, range]) => [name, new Histogram(range)]));
    await eachPicture(session, pictures, names, onPicture, (name, values) => histograms.get(name)?.add(values));
    return { histograms, sizes };
  } finally {
    await session.close();
  }
}

async function eachPicture(
  session: Session,
  { pixels, size }: Pictures,
  names: readonly string[],
  onPicture: () => void,
  take: (name: string, values: Float32Array, dims: readonly number[]) => void,
): Promise<void> {
  // The maps of one picture are tens of megabytes: each picture's go where the last one's were.
  let outputs: Record<string, Tensor> | undefined;
  for (const each of pixels) {
    outputs = await session.run(feedOf(each, size), outputs);
    for (const name of names) {
      const tensor = outputs[name];
      if (tensor?.data instanceof Float32Array) take(name, tensor.data, tensor.dims);
    }
    onPicture();
  }
}

export function feedOf(pixels: Uint8Array, { width, height }: Size): Feeds {
  return { image: new Tensor("uint8", pixels, [1, height, width, 3]) };
}

function widened(range: ValueRange | undefined, values: Float32Array): ValueRange {
  let { least, most } = range ?? { least: Number.POSITIVE_INFINITY, most: Number.NEGATIVE_INFINITY };
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { least, most };
}
