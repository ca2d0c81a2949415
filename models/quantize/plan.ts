import { assemble, type Parts } from "../onnx/parts.js";
import { halfLayers, withHalves } from "./halves.js";
import { type Judged, judged, mapError } from "./judged.js";
import { layersIn } from "./layers.js";
import type { Measured, Pictures } from "./measured.js";
import { withWholeNumbers } from "./qdq.js";

/** Shares of an activation's values on good parts that may lie beyond its range: which is best differs from model to model. */
const OUTSIDE = [0, 0.00001, 0.0001] as const;
/** Pictures that a layer alone is tried on. */
const PICTURES_PER_LAYER = 2;

export interface Lowered {
  readonly model: Uint8Array;
  readonly layers: number;
  /** Names of layers left float32. */
  readonly float: readonly string[];
  readonly mapError: number;
}

export interface LowerOptions {
  /** What the map's error must not exceed. */
  readonly mostError: number;
  readonly threads: number;
  readonly onLayer: (done: number, total: number) => void;
}

/**
 * A model with as many of its convolutions in whole numbers as keep the map's error within the bound. Which range of the activations is best is
 * tried on all layers at once. If that is not good enough, each layer is tried alone, and those that hurt most are left float32: as few as do.
 */
export async function lowered(
  parts: Parts,
  { histograms, sizes }: Measured,
  pictures: Pictures,
  before: Judged,
  { mostError, threads, onLayer }: LowerOptions,
): Promise<Lowered> {
  const names = layersIn(parts).map(({ name }) => name);
  const made = (layers: ReadonlySet<string>, outside: number): Uint8Array => {
    const ranges = new Map([...histograms].map(([name, histogram]) => [name, histogram.percentile(outside)]));
    return assemble(withWholeNumbers(parts, { layers, ranges, sizes }));
  };
  const errorOf = async (model: Uint8Array, some: Pictures = pictures): Promise<number> =>
    mapError((await judged(model, some, threads)).maps, before.maps.slice(0, some.pixels.length));

  let best: Lowered & { readonly outside: number } = {
    ...{ model: new Uint8Array(), outside: 0, layers: names.length, float: [], mapError: Number.POSITIVE_INFINITY },
  };
  for (const outside of OUTSIDE) {
    const model = made(new Set(names), outside);
    const found = await errorOf(model);
    if (found < best.mapError) best = { ...best, model, outside, mapError: found };
  }
  if (best.mapError <= mostError) return best;

  const { outside } = best;
  const few = { ...pictures, pixels: pictures.pixels.slice(0, PICTURES_PER_LAYER) };
  const alone: { readonly name: string; readonly error: number }[] = [];
  for (const name of names) {
    alone.push({ name, error: await errorOf(made(new Set([name]), outside), few) });
    onLayer(alone.length, names.length);
  }
  const worstFirst = alone.sort((a, b) => b.error - a.error).map(({ name }) => name);
  // Fewer whole layers are better ones on the whole: the fewest left out are found by halving.
  let [tooFew, enough] = [0, names.length];
  while (enough - tooFew > 1) {
    const count = (tooFew + enough) >> 1;
    const model = made(new Set(worstFirst.slice(count)), outside);
    const found = await errorOf(model);
    if (found <= mostError) {
      enough = count;
      best = { ...best, model, float: worstFirst.slice(0, count), mapError: found };
    } else tooFew = count;
  }
  return enough === names.length ? { ...best, model: assemble(parts), float: names, mapError: 0 } : best;
}

/** A model with its convolutions in float16, those left out that it cannot hold. */
export async function halved(
  parts: Parts,
  { histograms }: Measured,
  pictures: Pictures,
  before: Judged,
  threads: number,
): Promise<Lowered> {
  const names = layersIn(parts).map(({ name }) => name);
  const layers = halfLayers(parts, histograms);
  const model = assemble(withHalves(parts, layers));
  const { maps } = await judged(model, pictures, threads);
  const error = mapError(maps, before.maps.slice(0, maps.length));
  return { model, layers: names.length, float: names.filter((name) => !layers.has(name)), mapError: error };
}
