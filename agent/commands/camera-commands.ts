import { CodedError } from "../../errors.js";
import { timestamp } from "../contract/payloads.js";
import type { CommandedCamera } from "./camera.js";
import {
  type Args,
  type Asked,
  cameraOf,
  type Handler,
  type Handlers,
  requireEnabled,
  USUAL_LIMIT_MS,
} from "./handler.js";
import type { Settings } from "./settings.js";
import { own, type ThresholdSetting } from "./settings-file.js";

export interface CameraCommandDeps {
  readonly cameras: readonly CommandedCamera[];
  readonly settings: Settings;
  readonly wallMs: () => number;
}

/** `enable`, `disable`, `restart-camera`, `threshold`: the changes are kept first, then made. */
export function cameraCommands({ cameras, settings, wallMs }: CameraCommandDeps): Handlers {
  const handler = (work: (camera: CommandedCamera, args: Args, asked: Asked) => Promise<object>): Handler => ({
    limitMs: () => USUAL_LIMIT_MS,
    run: async (args, asked) => {
      const camera = cameraOf(cameras, args);
      return { camera: camera.config.id, ...(await work(camera, args, asked)) };
    },
  });
  /** What the configuration says already is left to it: else a later edit of it would have no effect. */
  const keepEnabled = async ({ config: { id, enabled } }: CommandedCamera, value: boolean, by: string | null) => {
    const change = { value, configured: enabled, by, since: timestamp(wallMs()) };
    await settings.set("enabled", id, value === enabled ? undefined : change);
  };
  const turn = async (camera: CommandedCamera, enabled: boolean, by: string | null) => {
    await keepEnabled(camera, enabled, by);
    await (enabled ? camera.enable() : camera.disable("disabled by command"));
    return { enabled };
  };
  return {
    enable: handler((camera, { enabled }, { by }) => turn(camera, enabled !== false, by)),
    disable: handler((camera, _, { by }) => turn(camera, false, by)),
    "restart-camera": handler(async (camera) => {
      requireEnabled(camera);
      await camera.restart();
      return { restarted: true };
    }),
    threshold: handler(async (camera, args, { by }) => {
      const before = camera.threshold();
      const value = args.threshold as number | "model" | null;
      // Another threshold changes nothing about what good parts score.
      const known =
        typeof value === "number" ? own(settings.now.thresholds, camera.config.id)?.goodReference : undefined;
      const goodReference = known === undefined ? {} : { goodReference: known };
      const set = value === null ? null : ({ value, command: "threshold", by, ...goodReference } as const);
      await keepThreshold(settings, camera, set, wallMs());
      return { threshold: camera.threshold(), before };
    }),
  };
}

/**
 * @param set null: what the configuration says
 * @param nowMs epoch milliseconds
 * @throws CodedError CAMERA_NOT_READY, SETTINGS_UNWRITABLE
 */
export async function keepThreshold(
  settings: Settings,
  camera: CommandedCamera,
  set: Pick<ThresholdSetting, "value" | "command" | "by" | "goodReference"> | null,
  nowMs: number,
): Promise<void> {
  const { id, alert } = camera.config;
  if (camera.model() === null) {
    throw new CodedError("CAMERA_NOT_READY", `the model of ${id} is not there`, { at: "camera" });
  }
  const change = set === null ? undefined : { ...set, configured: alert.threshold, since: timestamp(nowMs) };
  await settings.set("thresholds", id, change);
}
