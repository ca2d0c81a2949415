/** Somebody else's model, and the bundle's made of it, run before anything is written. */
import { messageOf } from "../../errors.js";
import { floats, floatsOf, openSession, Tensor } from "../onnx/session.js";
import type { Size } from "../pictures/images.js";
import { createRandom } from "../random.js";
import { type ForeignInput, type RefuseImport, shown } from "./foreign.js";
import type { SeenMap } from "./wrap.js";

/** The map as the model yields it for one picture, and whether score and map are one number and one plane. */
export async function seenMap(
  model: Uint8Array,
  { name, layout }: ForeignInput,
  { width, height }: Size,
  { map, score }: { readonly map: string; readonly score: string | null },
  refuse: RefuseImport,
): Promise<SeenMap> {
  const dims = layout === "NCHW" ? [1, 3, height, width] : [1, height, width, 3];
  const outputs = await tried(model, { [name]: floats(new Float32Array(3 * height * width).fill(0.5), dims) }, refuse);
  const found = outputs[map]?.dims ?? [];
  // One plane, whether its axis of one channel comes before height and width or behind.
  const last = found.length === 4 && found[3] === 1 && found[1] !== 1 ? found.slice(0, 3) : found;
  const [rows = 0, columns = 0] = last.slice(-2);
  if (last.length < 2 || rows < 1 || columns < 1 || last.slice(0, -2).some((dim) => dim !== 1)) {
    throw refuse(
      "MODEL_IMPORT_REFUSED",
      `its output ${shown(map)} is [${found.join(", ")}] for one picture, not a map`,
      "Name the anomaly map with --map-output.",
    );
  }
  const scores = score === null ? 1 : (outputs[score]?.dims ?? [0]).reduce((product, dim) => product * dim, 1);
  if (scores !== 1) {
    throw refuse(
      "MODEL_IMPORT_REFUSED",
      `its output ${shown(score ?? "")} holds ${scores} numbers for one picture, not a score`,
      "Name the score with --score-output; where there is none, leave it out, and export the model without what was taken for it.",
    );
  }
  return { name: map, rows, columns };
}

async function tried(
  model: Uint8Array,
  feeds: Parameters<Awaited<ReturnType<typeof openSession>>["run"]>[0],
  refuse: RefuseImport,
): Promise<Record<string, Tensor>> {
  try {
    const session = await openSession(model, { quiet: true });
    return await session.run(feeds).finally(() => session.close());
  } catch (cause) {
    throw refuse("MODEL_IMPORT_REFUSED", `ONNX Runtime cannot compute it: ${messageOf(cause).slice(0, 300)}`);
  }
}

/** Whether two pictures at a time get the scores and maps that each gets alone. */
export async function takesMany(model: Uint8Array, size: Size): Promise<boolean> {
  const pixels = noise(2, size);
  try {
    const session = await openSession(model, { quiet: true });
    try {
      const both = await session.run(feed(pixels, 2, size));
      const half = pixels.length / 2;
      const alone = await session.run(feed(pixels.slice(half), 1, size));
      const [together, own] = [floatsOf(both.map), floatsOf(alone.map)];
      const second = together.subarray(own.length);
      const far = Math.max(Math.abs(floatsOf(both.score)[1]! - floatsOf(alone.score)[0]!), ...differences(second, own));
      return together.length === 2 * own.length && far < 1e-3;
    } finally {
      await session.close();
    }
  } catch {
    // A model of one picture's shapes says so in many ways: it is given one at a time.
    return false;
  }
}

function differences(some: Float32Array, others: Float32Array): readonly number[] {
  let most = 0;
  for (let at = 0; at < others.length; at += 1) most = Math.max(most, Math.abs(some[at]! - others[at]!));
  return [most];
}

/** What the bundle's model makes of a picture of noise. */
export interface Trial {
  readonly score: number;
  /** The maximum of its map. */
  readonly highest: number;
}

/**
 * One picture of noise through the bundle's model.
 * @throws CodedError MODEL_IMPORT_REFUSED for what no threshold could be set for: no finite numbers, or a score below 0
 */
export async function requireOne(model: Uint8Array, size: Size, refuse: RefuseImport): Promise<Trial> {
  const { map, score } = await tried(model, feed(noise(1, size), 1, size), refuse);
  const [scores, values] = [floatsOf(score), floatsOf(map)];
  const [first = Number.NaN] = scores;
  const isWhole = scores.length === 1 && values.length === size.width * size.height;
  if (!isWhole || !Number.isFinite(first) || !values.every(Number.isFinite)) {
    throw refuse("MODEL_IMPORT_REFUSED", "its score or map of a picture of noise is no finite number");
  }
  if (first < 0) {
    throw refuse(
      "MODEL_IMPORT_REFUSED",
      `its score of a picture of noise is ${first.toPrecision(4)}, below 0`,
      "Export it with scores that begin at 0, as distances do: thresholds and what clears an alert are shares of them.",
    );
  }
  return { score: first, highest: values.reduce((most, each) => Math.max(most, each)) };
}

function noise(count: number, { width, height }: Size): Uint8Array {
  const random = createRandom(5);
  return Uint8Array.from({ length: count * width * height * 3 }, () => random.int(256));
}

const feed = (pixels: Uint8Array, count: number, { width, height }: Size) => ({
  image: new Tensor("uint8", pixels, [count, height, width, 3]),
});
