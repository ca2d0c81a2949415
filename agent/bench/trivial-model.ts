import { type Bundle, writeBundle } from "../../models/bundle/bundle.js";
import { Graph } from "../../models/graph/graph.js";
import { cast, div, reduceMax, reduceMean } from "../../models/graph/ops.js";
import { encodeModel } from "../../models/onnx/encode.js";
import type { Size } from "../types.js";

export interface TrivialModel extends Size {
  readonly threshold: number;
  readonly name?: string;
  /** A black picture's score is then NaN, any other's 1: for tests of what must survive that. */
  readonly nanOnBlack?: boolean;
}

/** A model that costs next to nothing, encoded: its map is the mean of the channels / 255, its score the map's maximum. */
export function trivialModel({ width, height, nanOnBlack = false }: TrivialModel): Uint8Array {
  const g = new Graph("trivial");
  const image = g.input("image", "uint8", ["N", height, width, 3]);
  const grey = reduceMean(g, cast(g, image, "float32"), [3], false);
  const scaled = nanOnBlack ? div(g, grey, grey) : div(g, grey, g.scalar(255));
  const map = g.node("Identity", [scaled], scaled.shape, { name: "map" });
  const highest = reduceMax(g, map, [1, 2], false);
  g.output(g.node("Identity", [highest], highest.shape, { name: "score" }));
  g.output(map);
  return encodeModel(g);
}

/** Writes it as a bundle into `dir`. */
export function writeTrivialBundle(dir: string, model: TrivialModel): Promise<Bundle> {
  const { width, height, threshold } = model;
  return writeBundle(dir, trivialModel(model), {
    name: model.name ?? "trivial",
    version: "1.0.0",
    arch: "none",
    input: { width, height },
    threshold,
    calibration: null,
    training: null,
    created: "2025-01-01T00:00:00.000Z",
  });
}
