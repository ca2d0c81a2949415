/** `retort calibrate`: a bundle's threshold anew, from pictures of good parts that its training never saw. */
import { CodedError, messageOf } from "../../errors.js";
import { amendBundle, readBundle } from "../bundle/bundle.js";
import type { Calibration, FalseAlarmRate } from "../judging/calibration.js";
import { type CurvePoint, missedAgainstRejected, pointAt } from "../judging/curve.js";
import { FALSE_ALARM_RATE, farScores, thresholdFor } from "../judging/threshold.js";
import { readModel } from "../onnx/checked-model.js";
import { floatsOf, openSession, Tensor } from "../onnx/session.js";
import { readFolder, requirePictures } from "../pictures/folder.js";
import { createRandom } from "../random.js";
import { readGoodFolder } from "./good-folder.js";
import { readGoodPicture } from "./good-picture.js";
import { requireEnough } from "./good-pictures.js";
import { requireFalseAlarms } from "./options.js";

export interface CalibrateOptions {
  /** The bundle's directory. */
  readonly bundle: string;
  /** Pictures of good parts, subfolders included. */
  readonly normal: string;
  /** Pictures of defective parts, subfolders included. */
  readonly defects?: string;
  readonly falseAlarms?: number;
  /** Whether black and overexposed pictures are left out, as in training; unless given they are. */
  readonly imageHealth?: boolean;
  /** Also a threshold that looks wrong. */
  readonly force?: boolean;
  /** 0: one per core. */
  readonly threads?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly onWarning?: (message: string) => void;
}

export interface CalibrateResult {
  readonly bundle: string;
  readonly threshold: number;
  readonly before: number;
  readonly calibration: Calibration;
  readonly falseAlarmRate: FalseAlarmRate;
  readonly images: number;
  readonly moreImagesWanted: number;
  /** Good pictures far above the others, which do not count; the worst first. */
  readonly leftOut: readonly ScoredPath[];
  /** null without defects. */
  readonly missed: MissedDefects | null;
}

export interface ScoredPath {
  readonly path: string;
  readonly score: number;
}

/** What the threshold costs in defects. */
export interface MissedDefects {
  readonly count: number;
  readonly of: number;
  readonly rate: number;
  /**
   * Missed against rejected, for choosing another rate: over the defects, and half of the good pictures with a threshold from the other half,
   * so that no picture is judged by what it set.
   */
  readonly curve: readonly CurvePoint[];
  /** The threshold that was set, on the same pictures. */
  readonly inForce: CurvePoint;
  /** That other half's threshold, and what it cost. */
  readonly check: CurvePoint & { readonly images: number };
}

/** A threshold so many times the one before it, or so many times less, looks wrong. */
const MOST_TIMES = 2;
/** More than this share of the pictures far above the others are no strays. */
const MOST_FAR = 0.1;

/**
 * Sets a bundle's threshold for a wanted share of good parts rejected, and writes it into model.json.
 * @throws CodedError BUNDLE_*, MODEL_*, IMAGE_*, DATA_MIXED, OPTION_INVALID, TOO_FEW_IMAGES, CALIBRATE_IMPLAUSIBLE
 */
export async function calibrateBundle(options: CalibrateOptions): Promise<CalibrateResult> {
  const { falseAlarms = FALSE_ALARM_RATE, imageHealth = true } = options;
  requireFalseAlarms(falseAlarms);
  const { manifest, modelPath, dir } = await readBundle(options.bundle);
  const { pictures } = await readGoodFolder(options.normal);
  const defective = options.defects === undefined ? [] : await allPictures(options.defects);
  const session = await openSession(await readModel(modelPath, manifest), { threads: options.threads ?? 0 });
  const refused: CodedError[] = [];
  const { good, bad } = await scoreBoth().finally(() => session.close());
  requireEnough(good.length, refused, options.normal);
  const far = new Set(farScores(good.map(({ score }) => score)));
  const leftOut = good.filter((_, index) => far.has(index)).sort((a, b) => b.score - a.score);
  const scores = good.filter((_, index) => !far.has(index)).map(({ score }) => score);
  const { threshold, calibration, moreImagesWanted } = thresholdFor({ heldOut: scores }, falseAlarms);
  if (!(threshold > 0)) throw implausible("the model sees nothing at all in these pictures; nothing was changed", dir);
  // Without a calibration the threshold is a guess: what it is far from is not implausible for that.
  const before = manifest.calibration === null ? null : manifest.threshold;
  if (options.force !== true) requirePlausible(threshold, before, leftOut, good.length, dir);
  await amendBundle(dir, { threshold, calibration });
  return {
    ...{ bundle: dir, threshold, before: manifest.threshold, calibration, falseAlarmRate: calibration.falseAlarmRate },
    ...{ images: scores.length, moreImagesWanted, leftOut },
    missed:
      bad.length === 0
        ? null
        : missedOf(
            threshold,
            scores,
            bad.map(({ score }) => score),
            falseAlarms,
          ),
  };

  async function scoreBoth() {
    const total = pictures.length + defective.length;
    let done = 0;
    const scored = async (paths: readonly string[], health: boolean, failed: CodedError[]) => {
      const found: ScoredPath[] = [];
      for (const path of paths) {
        const score = await scoreOf(path, health, failed);
        if (score !== null) found.push({ path, score });
        done += 1;
        options.onProgress?.(done, total);
      }
      return found;
    };
    const good = await scored(pictures, imageHealth, refused);
    return { good, bad: await scored(defective, false, []) };
  }

  async function scoreOf(path: string, health: boolean, failed: CodedError[]): Promise<number | null> {
    const { width, height } = manifest.input;
    try {
      const pixels = await readGoodPicture(path, { width, height }, { health });
      return floatsOf((await session.run({ image: new Tensor("uint8", pixels, [1, height, width, 3]) })).score)[0]!;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      failed.push(error);
      options.onWarning?.(`left out ${path}: ${error.code}: ${messageOf(error)}`);
      return null;
    }
  }
}

async function allPictures(folder: string): Promise<readonly string[]> {
  const content = await readFolder(folder, { recursive: true });
  requirePictures(folder, content);
  return content.pictures;
}

function requirePlausible(
  found: number,
  before: number | null,
  leftOut: readonly ScoredPath[],
  images: number,
  at: string,
): void {
  const worst = leftOut.slice(0, 5).map(({ path, score }) => `${path} (${score.toPrecision(3)})`);
  if (leftOut.length > MOST_FAR * images) {
    throw implausible(
      `${leftOut.length} of ${images} good pictures score far above the others: ${worst.join(", ")}`,
      at,
    );
  }
  if (before !== null && (found > MOST_TIMES * before || found < before / MOST_TIMES)) {
    const change = `these pictures would give a threshold of ${found.toPrecision(4)}, the bundle's is ${before.toPrecision(4)}`;
    throw implausible(`${change}; nothing was changed`, at);
  }
}

function implausible(message: string, at: string): CodedError {
  return new CodedError("CALIBRATE_IMPLAUSIBLE", message, {
    at,
    remedy: "See that the pictures are of good parts as the model's camera sees them, train anew, or give --force.",
  });
}

function missedOf(threshold: number, good: readonly number[], bad: readonly number[], wanted: number): MissedDefects {
  const order = createRandom(0).shuffle(good);
  const [setting, checking] = [order.slice(0, order.length >> 1), order.slice(order.length >> 1)];
  const { missed } = pointAt(threshold, good, bad);
  return {
    ...{ count: Math.round(missed * bad.length), of: bad.length, rate: missed },
    curve: missedAgainstRejected(checking, bad),
    inForce: pointAt(threshold, checking, bad),
    check: { ...pointAt(thresholdFor({ heldOut: setting }, wanted).threshold, checking, bad), images: checking.length },
  };
}
