import { filter, lastValueFrom, map, take, takeUntil, toArray } from "rxjs";
import { CodedError } from "../../errors.js";
import { thresholdFrom } from "../../models/training/threshold.js";
import { aborted } from "./aborted.js";
import { type CameraCommandDeps, keepThreshold } from "./camera-commands.js";
import { cameraOf, type Handler, requireEnabled } from "./handler.js";

/** The highest threshold that is plausible, as a multiple of the model's own: beyond, the model no longer knows these parts. */
const MOST_TIMES = 3;

/**
 * `calibrate`: the camera's threshold anew, by training's rule, from the next frames, which the asker declares good.
 * On the safe side of two mistakes. It is never lower than the worst good part known to the model's training, since a
 * few frames in a row show less than there is. And it is refused where good parts would have to score three times the
 * model's own threshold: a defect was among them, or the model has to be trained anew; nothing is changed then.
 */
export function calibrateCommand({ cameras, settings, wallMs }: CameraCommandDeps): Handler {
  return {
    limitMs: ({ seconds }) => Number(seconds ?? 60) * 1_000,
    run: async (args, { by, signal }) => {
      const camera = cameraOf(cameras, args);
      requireEnabled(camera);
      const wanted = Number(args.frames ?? 50);
      const scores = await lastValueFrom(
        camera.outcomes$.pipe(
          filter((outcome) => outcome.kind === "inspected"),
          map(({ inspection }) => inspection.score),
          take(wanted),
          takeUntil(aborted(signal)),
          toArray(),
        ),
      );
      // Too late, and the reply is sent: nothing may change behind it.
      if (signal.aborted || scores.length < wanted) throw tooFew(scores.length, wanted);
      const { engine, goodMax } = camera.model()!;
      const found = thresholdFrom(scores);
      if (found.threshold > MOST_TIMES * engine.threshold) throw implausible(found.threshold, engine.threshold);
      const before = camera.threshold();
      const threshold = Math.max(found.threshold, goodMax ?? 0);
      await keepThreshold(settings, camera, { value: threshold, command: "calibrate", by }, wallMs());
      return { camera: camera.config.id, threshold, before, ...found.calibration, atLeast: goodMax ?? null };
    },
  };
}

function tooFew(got: number, wanted: number): CodedError {
  return new CodedError("CALIBRATE_TOO_FEW_FRAMES", `${got} of ${wanted} frames came; nothing was changed`, {
    at: "frames",
    remedy: "See that the camera delivers, ask for fewer frames, or give it more seconds.",
  });
}

function implausible(found: number, known: number): CodedError {
  const message = `these frames would need a threshold of ${found.toFixed(3)}, the model's is ${known.toFixed(3)}; nothing was changed`;
  return new CodedError("CALIBRATE_IMPLAUSIBLE", message, {
    at: "camera",
    remedy: "Keep defects out of the frames; where there were none, train the model on pictures of how it looks now.",
  });
}
