import { filter, lastValueFrom, map, take, takeUntil, toArray } from "rxjs";
import { CodedError } from "../../errors.js";
import { type GoodReference, scoreAt } from "../../models/judging/good-reference.js";
import { independentOf } from "../../models/judging/statistics.js";
import { FALSE_ALARM_RATE, farScores, thresholdFor } from "../../models/judging/threshold.js";
import { timestamp } from "../contract/payloads.js";
import { aborted } from "./aborted.js";
import type { CommandedCamera } from "./camera.js";
import { type CameraCommandDeps, keepThreshold } from "./camera-commands.js";
import { cameraOf, type Handler, requireEnabled } from "./handler.js";

/** The model knows these parts no longer when good ones need so many times the threshold that its training found. */
const MOST_TIMES = 2;
/** More than this share of the frames far out are no strays. */
const MOST_FAR = 0.1;

/**
 * `calibrate`: the camera's threshold anew, by training's rule, from the next frames, which the asker declares good. Frames far
 * out are left out and named. It is refused, and nothing changed, while an alert stands, where many frames are far out, and, unless
 * forced, where the threshold would be far above the model's own or below most good pictures of its training.
 */
export function calibrateCommand({ cameras, settings, wallMs }: CameraCommandDeps): Handler {
  return {
    limitMs: ({ seconds }) => Number(seconds ?? 60) * 1_000,
    run: async (args, { by, signal }) => {
      const camera = cameraOf(cameras, args);
      requireEnabled(camera);
      requireNoAlert(camera);
      const wanted = Number(args.frames ?? 50);
      const frames = await lastValueFrom(
        camera.outcomes$.pipe(
          filter((outcome) => outcome.kind === "inspected"),
          map(({ inspection: { frame, score } }) => ({ ts: timestamp(frame.capturedAtMs), score })),
          take(wanted),
          takeUntil(aborted(signal)),
          toArray(),
        ),
      );
      // Too late, and the reply is sent: nothing may change behind it.
      if (signal.aborted || frames.length < wanted) throw tooFew(frames.length, wanted);
      requireNoAlert(camera);
      const far = new Set(farScores(frames.map(({ score }) => score)));
      const leftOut = frames.filter((_, index) => far.has(index));
      if (leftOut.length > MOST_FAR * frames.length) throw strays(leftOut, frames.length);
      const heldOut = frames.filter((_, index) => !far.has(index)).map(({ score }) => score);
      const rate = Number(args.falseAlarms ?? FALSE_ALARM_RATE);
      const { threshold, calibration, moreImagesWanted } = thresholdFor({ heldOut }, rate);
      requirePositive(threshold);
      if (args.force !== true) requirePlausible(threshold, camera.model()!);
      const before = camera.threshold();
      const { quantiles, heldOut: _, ...found } = calibration;
      const pictures = Math.floor(independentOf(heldOut));
      const goodReference: GoodReference = { source: "calibrate", pictures, quantiles, wanted: rate };
      await keepThreshold(settings, camera, { value: threshold, command: "calibrate", by, goodReference }, wallMs());
      return { camera: camera.config.id, threshold, before, ...found, moreImagesWanted, leftOut };
    },
  };
}

function requireNoAlert({ alerts, config }: CommandedCamera): void {
  const { standing } = alerts.life;
  if (standing === null) return;
  throw new CodedError("CALIBRATE_ALERT_STANDS", `alert ${standing.id} stands at ${config.id}; nothing was changed`, {
    at: "camera",
  });
}

/** Forced or not: no threshold in force is 0, and the file of settings would not be taken for one with it. */
function requirePositive(found: number): void {
  if (found > 0) return;
  throw implausible(
    "the model sees nothing at all in these frames: they would give a threshold of 0; nothing was changed",
  );
}

function requirePlausible(
  found: number,
  { engine, goodReference = null }: NonNullable<ReturnType<CommandedCamera["model"]>>,
): void {
  const [now, known] = [found.toFixed(3), engine.threshold.toFixed(3)];
  if (found > MOST_TIMES * engine.threshold) {
    throw implausible(`these frames would need a threshold of ${now}, the model's is ${known}; nothing was changed`);
  }
  const goodMedian = goodReference === null ? null : scoreAt(goodReference.quantiles, 0.5);
  if (goodMedian !== null && found < goodMedian) {
    const most = `most good pictures of the model's training score above it, half of them more than ${goodMedian.toFixed(3)}`;
    throw implausible(`these frames would give a threshold of ${now}, and ${most}; nothing was changed`);
  }
}

function strays(leftOut: readonly { readonly ts: string; readonly score: number }[], frames: number): CodedError {
  const scores = leftOut.slice(0, 5).map(({ ts, score }) => `${score.toFixed(3)} at ${ts}`);
  return implausible(
    `${leftOut.length} of ${frames} frames lie far above the others: ${scores.join(", ")}; nothing was changed`,
  );
}

function tooFew(got: number, wanted: number): CodedError {
  return new CodedError("CALIBRATE_TOO_FEW_FRAMES", `${got} of ${wanted} frames came; nothing was changed`, {
    at: "frames",
    remedy: "See that the camera delivers, ask for fewer frames, or give it more seconds.",
  });
}

function implausible(message: string): CodedError {
  return new CodedError("CALIBRATE_IMPLAUSIBLE", message, {
    at: "camera",
    remedy: "Keep defects out of the frames; where there were none, train the model on pictures of how it looks now.",
  });
}
