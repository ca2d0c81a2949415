import { LEAST_DISTANCE } from "../judging/odd.js";
import { median } from "../judging/statistics.js";
import type { GoodScores, ThresholdFound } from "../judging/threshold.js";
import { thresholdFor } from "../judging/threshold.js";
import type { Backbone } from "../network/backbones/backbone.js";
import { type Detector, type InputSize, inferenceGraph, type MeanMaps, type MemoryPart } from "../network/rd.js";
import { encodeModel } from "../onnx/encode.js";
import { floatsOf, openSession, Tensor } from "../onnx/session.js";
import type { Weights } from "../weights/weights.js";
import type { Remembered } from "./memory.js";

/** The memory's distances count so many times the student's. */
const MEMORY_TIMES = 2;
/** What a typical good part scores where the memory decides alone: about what a student gives one. */
const TYPICAL_SCORE = 0.5;
/** Trained-on pictures that are scored for the threshold; more would add time and no certainty. */
const MOST_TRAINED = 448;

/** A detector whose threshold is to be found, and the pictures at hand for it. */
export interface Judged {
  readonly backbone: Backbone;
  readonly teacher: Weights;
  /** null: the memory decides alone. */
  readonly student: Weights | MeanMaps | null;
  /** null: the student decides alone. */
  readonly remembered: Remembered | null;
  readonly size: InputSize;
  readonly threads: number;
  /** uint8 [height, width, 3] each. */
  readonly pixels: readonly Uint8Array[];
  readonly trained: readonly number[];
  readonly heldOut: readonly number[];
  /** Pictures that look wrong and do not count, by index. */
  readonly odd: ReadonlySet<number>;
  readonly falseAlarms: number;
  readonly onDone: (done: number, total: number) => void;
}

export interface Judgement extends ThresholdFound {
  /** What the threshold was found from. */
  readonly scores: GoodScores;
  readonly memory: MemoryPart | null;
  /** The model, as its bundle holds it. */
  readonly onnx: Uint8Array;
}

/**
 * Weighs student and memory against each other, and finds the threshold, both by the scores of good pictures. A picture that is stored is
 * compared with the others stored, not with itself.
 */
export async function judge(judged: Judged): Promise<Judgement> {
  const { backbone, teacher, student, remembered, size, odd } = judged;
  const heldOut = judged.heldOut.filter((index) => !odd.has(index));
  const trained = judged.trained.filter((index) => !odd.has(index)).slice(0, MOST_TRAINED);
  const memory =
    remembered === null ? null : await memoryPart(judged, remembered, heldOut.length > 0 ? heldOut : trained);
  const detector: Detector = { teacher, student, memory };
  const all = await judgedScores(judged, detector, [...heldOut, ...trained]);
  // Where nothing was learned, no picture scores less than a new one.
  const fresh = student === null ? all.length : heldOut.length;
  const scores = { heldOut: all.slice(0, fresh), trained: all.slice(fresh) };
  return {
    ...thresholdFor(scores, judged.falseAlarms),
    scores,
    memory,
    onnx: encodeModel(inferenceGraph(backbone, detector, size)),
  };
}

/** The scores of good pictures; those of the memory alone are known already. */
async function judgedScores(
  judged: Judged,
  detector: Detector,
  indices: readonly number[],
): Promise<readonly number[]> {
  const { student, remembered } = judged;
  const memory = detector.memory ?? null;
  if (student !== null || remembered === null || memory === null)
    return goodScores(judged, detector, indices, judged.onDone);
  return indices.map((index) => memory.weight * memory.scale * remembered.distances.get(index)!);
}

/** The memory's part in the map: so scaled that typical good parts score the same by student and by memory. */
async function memoryPart(
  judged: Judged,
  { memory, distances }: Remembered,
  indices: readonly number[],
): Promise<MemoryPart> {
  const typical = Math.max(median(indices.map((index) => distances.get(index)!)), LEAST_DISTANCE);
  if (judged.student === null) return { memory, weight: 1, scale: TYPICAL_SCORE / typical };
  const scores = await goodScores(judged, { teacher: judged.teacher, student: judged.student }, indices);
  return { memory, weight: MEMORY_TIMES / (1 + MEMORY_TIMES), scale: median(scores) / typical };
}

/** The maps of pictures, as if they were not stored: float32 [height, width] each. */
export async function judgedMaps(
  judged: Judged,
  memory: MemoryPart | null,
  indices: readonly number[],
): Promise<readonly Float32Array[]> {
  const maps: Float32Array[] = [];
  const detector = { teacher: judged.teacher, student: judged.student, memory };
  await outputsOf(judged, detector, indices, ({ map }) => void maps.push(map.slice()));
  return maps;
}

async function goodScores(
  judged: Judged,
  detector: Detector,
  indices: readonly number[],
  onDone: (done: number, total: number) => void = () => {},
): Promise<readonly number[]> {
  const scores: number[] = [];
  await outputsOf(judged, detector, indices, ({ score }) => {
    scores.push(score);
    onDone(scores.length, indices.length);
  });
  return scores;
}

/** Runs pictures one at a time, so that large ones need no large memory. A stored one is compared with the others stored only. */
async function outputsOf(
  { backbone, size, threads, pixels, remembered }: Judged,
  detector: Detector,
  indices: readonly number[],
  take: (output: { readonly score: number; readonly map: Float32Array }) => void,
): Promise<void> {
  const judging = (detector.memory ?? null) !== null;
  const stored = new Set(judging ? remembered?.stored : []);
  const session = await openSession(encodeModel(inferenceGraph(backbone, detector, size, { judging })), { threads });
  try {
    for (const index of indices) {
      const image = new Tensor("uint8", pixels[index]!, [1, size.height, size.width, 3]);
      const { score, map, own_score, own_map } = await session.run({ image });
      const own = stored.has(index);
      take({ score: floatsOf(own ? own_score : score)[0]!, map: floatsOf(own ? own_map : map) });
    }
  } finally {
    await session.close();
  }
}
