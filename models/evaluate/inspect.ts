/** Pictures from anywhere, judged by a bundle as the agent judges a camera's. */
import { stat } from "node:fs/promises";
import { CodedError } from "../../errors.js";
import type { Bundle } from "../bundle/bundle.js";
import { listImages } from "../pictures/folder.js";
import { DEFAULT_LIMITS, imageFault } from "../pictures/image-fault.js";
import { imageSize, readRgb, type Size } from "../pictures/images.js";
import { pictureStats } from "../pictures/picture-stats.js";
import { type KnownVerdict, verdictOf } from "./picture-scores.js";
import { openScorer, type Scorer } from "./scorer.js";

/** What the model has seen of a picture. */
export interface Seen {
  /** The picture's own. */
  readonly pictureSize: Size;
  /** The model's input. */
  readonly size: Size;
  /** RGB, uint8 [size.height, size.width, 3]. */
  readonly pixels: Uint8Array;
  /** float32 [size.height, size.width]. */
  readonly map: Float32Array;
}

export type JudgedPicture =
  | {
      readonly path: string;
      readonly verdict: KnownVerdict;
      readonly score: number;
      readonly reason: null;
      readonly seen: Seen;
    }
  | {
      readonly path: string;
      readonly verdict: "unknown";
      readonly score: null;
      /** A stable code, a colon, a sentence. */
      readonly reason: string;
      readonly seen: null;
    };

export interface InspectOptions {
  /** 0 or absent: as many as there are cores. */
  readonly threads?: number;
  /** False: black, overexposed, blurred and obstructed views are judged, too. */
  readonly imageHealth?: boolean;
}

/**
 * Judges pictures one by one, in their order. One that cannot be read, shows no part or gets no finite score is `unknown`, with the reason.
 * @throws CodedError BUNDLE_INVALID, MODEL_*
 */
export async function* judgePictures(
  bundle: Bundle,
  paths: readonly string[],
  { threads, imageHealth = true }: InspectOptions = {},
): AsyncGenerator<JudgedPicture> {
  const scorer = await openScorer(bundle, threads);
  try {
    for (const path of paths) yield await judgePicture(bundle, path, scorer, imageHealth);
  } finally {
    await scorer.close();
  }
}

async function judgePicture(
  { manifest }: Bundle,
  path: string,
  scorer: Scorer,
  imageHealth: boolean,
): Promise<JudgedPicture> {
  const { size } = scorer;
  const unknown = (reason: string): JudgedPicture => ({ path, verdict: "unknown", score: null, reason, seen: null });
  const read = await readBoth(path, size);
  if (read instanceof CodedError) return unknown(`${read.code}: ${read.message}`);
  const { pixels, pictureSize } = read;
  const stats = pictureStats(pixels, size.width, size.height);
  const fault = imageHealth ? imageFault(stats, DEFAULT_LIMITS, manifest.imageHealth) : null;
  if (fault !== null) return unknown(`${fault.code}: ${fault.reason}`);
  const { score, map } = await scorer.score(pixels);
  if (!Number.isFinite(score) || !map.every(Number.isFinite))
    return unknown("SCORE_NOT_FINITE: the model gave a score or a map that is not finite");
  const verdict = verdictOf(score, manifest.threshold);
  return { path, verdict, score, reason: null, seen: { pictureSize, size, pixels, map } };
}

async function readBoth(
  path: string,
  size: Size,
): Promise<{ readonly pixels: Uint8Array; readonly pictureSize: Size } | CodedError> {
  try {
    return { pixels: await readRgb(path, size), pictureSize: await imageSize(path) };
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
}

/**
 * Files as they are, folders as the pictures in them and in those below.
 * @throws CodedError IMAGE_FOLDER_UNREADABLE, IMAGE_FOLDER_EMPTY
 */
export async function picturesOf(paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => null);
    if (info?.isDirectory()) found.push(...(await listImages(path, { recursive: true })));
    else found.push(path);
  }
  return found;
}
