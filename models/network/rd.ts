import { Graph, type Value } from "../graph/graph.js";
import { add, cast, mul, slice, transpose } from "../graph/ops.js";
import type { Weights, WeightTensor } from "../weights/weights.js";
import { disagreement, joined, scored, smoothedSum } from "./anomaly-map.js";
import { type Backbone, type Features, IMAGENET, type Preprocessing } from "./backbones/backbone.js";
import { FoldedLayers } from "./layers/folded-layers.js";
import { type Memory, memoryDistance, memoryVectors } from "./memory.js";
import { taught } from "./student.js";

export interface InputSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The input of a graph as cameras deliver it, and as encoders take it: `image` uint8 [N, H, W, 3] -> float32 [N, 3, H, W], as the
 * teacher's own training had it.
 */
export function imageInput(
  g: Graph,
  { width, height }: InputSize,
  { mean, deviation, scale, order }: Preprocessing = IMAGENET,
): Value {
  const image = g.input("image", "uint8", ["N", height, width, 3]);
  const planes = transpose(g, cast(g, image, "float32"), [0, 3, 1, 2]);
  const perChannel = (values: readonly number[]) => g.constant(Float32Array.from(values), [1, 3, 1, 1]);
  const scaled = mul(g, planes, perChannel(deviation.map((each) => scale / each)));
  const normalised = add(g, scaled, perChannel(mean.map((each, channel) => -each / deviation[channel]!)));
  return order === "bgr" ? slice(g, normalised, [{ axis: 1, from: 2, to: -4, step: -1 }]) : normalised;
}

/** The graph of the teacher alone: `image` -> its three feature maps, named f1, f2, f3 (for training and for checks). */
export function teacherGraph(backbone: Backbone, weights: Weights, size: InputSize): Graph {
  return mapsGraph(backbone, weights, size, (layers, image) => backbone.encode(layers, image));
}

/** The graph of what `maps` makes of a backbone's `image`: f1, f2 and so on. */
export function mapsGraph(
  { preprocessing }: Backbone,
  weights: Weights,
  size: InputSize,
  maps: (layers: FoldedLayers, image: Value) => readonly Value[],
): Graph {
  const g = new Graph("teacher");
  maps(new FoldedLayers(g, weights), imageInput(g, size, preprocessing)).forEach((value, index) => {
    g.output(g.node("Identity", [value], value.shape, { name: `f${index + 1}` }));
  });
  return g;
}

/** A memory of good pictures and its part in the anomaly map. */
export interface MemoryPart {
  readonly memory: Memory;
  /** The memory's share of the map, the student's is the rest: above 0, and 1 where there is no student. */
  readonly weight: number;
  /** What the memory's distances are multiplied by, so that they are as large as the student's. */
  readonly scale: number;
}

/**
 * No student, and what one must be better than: the same three maps for every picture, the mean of the teacher's at each place over good
 * pictures; [C, H, W] each, fine to coarse.
 */
export interface MeanMaps {
  readonly means: readonly [WeightTensor, WeightTensor, WeightTensor];
}

/** What an anomaly detector is made of: a student, a memory of good pictures, or both. */
export interface Detector {
  readonly teacher: Weights;
  readonly student?: Weights | MeanMaps | null;
  readonly memory?: MemoryPart | null;
}

/**
 * The graph for inference, as a bundle holds it: `image` uint8 [N, H, W, 3] -> `score` [N], `map` [N, H, W]. The map is reverse
 * distillation's; beside a memory, (1 - weight) times that and weight * scale times the memory's, joined (see {@link joined}).
 * @param options.inner also puts out the features (teacher1..3, bottleneck, student1..3), for parity checks
 * @param options.judging also puts out `own_score` and `own_map`: those of a picture that is stored itself, and is compared with the others only
 * @throws TypeError for neither student nor memory
 */
export function inferenceGraph(
  backbone: Backbone,
  { teacher, student = null, memory = null }: Detector,
  size: InputSize,
  options: { readonly inner?: boolean; readonly judging?: boolean } = {},
): Graph {
  const g = new Graph(student === null ? "memory" : "reverse_distillation");
  const encoded = backbone.encode(new FoldedLayers(g, teacher), imageInput(g, size, backbone.preprocessing));
  let learned: Value | null = null;
  if (student !== null) {
    const { embedding, restored } =
      "means" in student
        ? { embedding: null, restored: constantMaps(g, student) }
        : taught(new FoldedLayers(g, student), backbone, encoded);
    const weight = 1 - (memory?.weight ?? 0);
    const parts = disagreement(g, encoded, restored).map((map) => ({ map, weight }));
    learned = smoothedSum(g, parts, size);
    if (options.inner) exposeInner(g, encoded, embedding, restored);
  }
  const remembered =
    memory === null ? null : memoryDistance(g, memoryVectors(g, encoded[2], memory.memory), memory.memory);
  const mapWith = (distance: Value | undefined): Value => {
    if (distance === undefined || memory === null) return required(learned);
    const own = smoothedSum(g, [{ map: distance, weight: memory.weight * memory.scale }], size);
    return learned === null ? own : joined(g, learned, own);
  };
  const { score, map } = scored(g, mapWith(remembered?.distance));
  g.output(score);
  g.output(map);
  if (options.judging && remembered !== null) {
    const own = scored(g, mapWith(remembered.others), { map: "own_map", score: "own_score" });
    g.output(own.score);
    g.output(own.map);
  }
  return g;
}

function required(map: Value | null): Value {
  if (map === null) throw new TypeError("neither a student nor a memory");
  return map;
}

function constantMaps(g: Graph, { means }: MeanMaps): Features {
  const [fine, middle, coarse] = means.map(({ shape, data }) => g.constant(data, [1, ...shape]));
  return [fine!, middle!, coarse!];
}

function exposeInner(g: Graph, encoded: Features, embedding: Value | null, restored: Features): void {
  const expose = (value: Value, name: string) => g.output(g.node("Identity", [value], value.shape, { name }));
  encoded.forEach((value, index) => void expose(value, `teacher${index + 1}`));
  if (embedding !== null) expose(embedding, "bottleneck");
  restored.forEach((value, index) => void expose(value, `student${index + 1}`));
}
