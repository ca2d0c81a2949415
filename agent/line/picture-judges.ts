/** Pictures that somebody sends, judged as a camera's would be; its frames go first. */
import { setTimeout as sleep } from "node:timers/promises";
import type { RoiConfig } from "../../config/types.js";
import { CodedError } from "../../errors.js";
import { DEFAULT_LIMITS, type ImageLimits, imageFault } from "../../models/pictures/image-fault.js";
import { imageSize, readRgb } from "../../models/pictures/images.js";
import { cropOf, scaledWhole, viewOf } from "../capture/region.js";
import { identity } from "../contract/payloads.js";
import type { PictureVerdict } from "../contract/picture-verdict.js";
import { imagePolicy } from "../health/image-policy.js";
import type { FoundJudge, PictureJudge } from "../http/view.js";
import type { LoadedModel } from "../inference/load.js";
import { pictureFrame } from "../kit/picture-frame.js";
import { inTurns } from "../kit/serial.js";
import { regionsOf } from "../scoring/regions.js";
import type { Frame, Rect, Size } from "../types.js";
import type { RunningCamera } from "./camera.js";

export interface PictureJudgesDeps {
  readonly cameras: readonly Pick<RunningCamera, "config" | "enabled" | "model" | "threshold">[];
  /** Those of the configuration, loaded or not. */
  readonly modelNames: readonly string[];
  /** The loaded ones, by those names. */
  readonly models: ReadonlyMap<string, LoadedModel>;
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** What a picture is judged by. */
interface Settings {
  readonly name: string;
  readonly model: LoadedModel;
  readonly threshold: number;
  readonly roi: RoiConfig;
  readonly limits: ImageLimits;
}

const WHOLE: RoiConfig = { x: 0, y: 0, width: 1, height: 1 };
/** What a picture took, decoding and inference, is followed by so many times as long without one: three quarters are the cameras' alone. */
const REST = 3;

/**
 * Finds who judges pictures under a name, a camera's before a model's. All pictures are judged one at a time, and never two without a
 * rest, so that a frame of a camera waits for one inference at most.
 */
export function pictureJudges({
  cameras,
  modelNames,
  models,
  ...deps
}: PictureJudgesDeps): (name: string) => FoundJudge {
  const { pause = (ms: number) => sleep(ms, undefined, { ref: false }) } = deps;
  const turn = inTurns();
  let restMs = 0;
  const judge = (settingsNow: () => Settings): PictureJudge => ({
    inspect: (picture, signal) =>
      turn(async () => {
        if (restMs > 0 && !signal.aborted) await pause(restMs);
        if (signal.aborted) return null;
        const { verdict, workMs } = await judged(picture, settingsNow());
        restMs = REST * workMs;
        return verdict;
      }),
  });
  return (name) => {
    const camera = cameras.find(({ config }) => config.id === name);
    const model = camera === undefined ? models.get(name) : camera.model();
    if (camera === undefined && !modelNames.includes(name)) {
      return { kind: "unknown", names: [...new Set([...cameras.map(({ config }) => config.id), ...modelNames])] };
    }
    if (model === undefined || model === null) return { kind: camera?.enabled === false ? "disabled" : "not-loaded" };
    const { engine } = model;
    if (camera === undefined) {
      const settings = { name, model, threshold: engine.threshold, roi: WHOLE, limits: DEFAULT_LIMITS };
      return { kind: "judge", judge: judge(() => settings) };
    }
    const { config } = camera;
    const limits = imagePolicy(config);
    // A command may set another threshold while the picture waits.
    const threshold = (): number => camera.threshold() ?? engine.threshold;
    return { kind: "judge", judge: judge(() => ({ name, model, threshold: threshold(), roi: config.roi, limits })) };
  };
}

async function judged(
  picture: Buffer,
  settings: Settings,
): Promise<{ readonly verdict: PictureVerdict; readonly workMs: number }> {
  const startedAtMs = performance.now();
  const { threshold, limits } = settings;
  const { engine, imageHealth } = settings.model;
  const common = { v: 1, threshold, model: identity(engine.model) } as const;
  const unknown = (code: string, reason: string): PictureVerdict => {
    return { ...common, verdict: "unknown", reason: `${code}: ${reason}`, score: null, regions: [] };
  };
  const frame = await frameOf(picture, settings, engine.input);
  const decodingMs = performance.now() - startedAtMs;
  if (frame instanceof CodedError) return { verdict: unknown(frame.code, frame.message), workMs: decodingMs };
  const outcome = await engine.inspect(frame);
  if (outcome.kind === "failed") {
    const { code, reason } = outcome.failure;
    return { verdict: unknown(code, reason), workMs: decodingMs };
  }
  const { score, map, inferenceMs, picture: stats } = outcome.inspection;
  const workMs = decodingMs + inferenceMs;
  const fault = stats === undefined ? null : imageFault(stats, limits, imageHealth);
  if (fault !== null) return { verdict: unknown(fault.code, fault.reason), workMs };
  const verdict = score > threshold ? "ng" : "ok";
  const regions = regionsOf(map, frame.size, threshold, frame.view);
  return { verdict: { ...common, verdict, reason: null, score, regions }, workMs };
}

/** The part of the picture that the model is to see, in its size; decoded, scaled and cut beside this thread. */
async function frameOf(picture: Buffer, { name, roi }: Settings, input: Size): Promise<Frame | CodedError> {
  try {
    const part = { left: cropOf(input, roi).left, top: cropOf(input, roi).top, ...input };
    const pixels = await readRgb(picture, scaledWhole(input, roi), part);
    const view: Rect = viewOf(roi, await imageSize(picture));
    return { ...pictureFrame(name, { pixels, size: input }), view };
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
}
