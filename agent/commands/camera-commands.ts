import { CodedError } from "../../errors.js";
import type { CommandedCamera } from "./camera.js";
import { type Args, cameraOf, type Handler, type Handlers, requireEnabled, USUAL_LIMIT_MS } from "./handler.js";
import type { Settings } from "./settings.js";

/** `enable`, `disable`, `restart-camera`, `threshold`: the changes are kept first, then made. */
export function cameraCommands(cameras: readonly CommandedCamera[], settings: Settings): Handlers {
  const handler = (work: (camera: CommandedCamera, args: Args) => Promise<object>): Handler => ({
    limitMs: () => USUAL_LIMIT_MS,
    run: async (args) => {
      const camera = cameraOf(cameras, args);
      return { camera: camera.config.id, ...(await work(camera, args)) };
    },
  });
  return {
    enable: handler(async (camera) => {
      await settings.set("enabled", camera.config.id, true);
      await camera.enable();
      return { enabled: true };
    }),
    disable: handler(async (camera) => {
      await settings.set("enabled", camera.config.id, false);
      await camera.disable("disabled by command");
      return { enabled: false };
    }),
    "restart-camera": handler(async (camera) => {
      requireEnabled(camera);
      await camera.restart();
      return { restarted: true };
    }),
    threshold: handler(async (camera, args) => {
      const before = camera.threshold();
      await keepThreshold(settings, camera, args.threshold as number | "model" | null);
      return { threshold: camera.threshold(), before };
    }),
  };
}

/** @param threshold null: what the configuration says. @throws CodedError CAMERA_NOT_READY, SETTINGS_UNWRITABLE */
export async function keepThreshold(
  settings: Settings,
  camera: CommandedCamera,
  threshold: number | "model" | null,
): Promise<void> {
  if (camera.model() === null) {
    throw new CodedError("CAMERA_NOT_READY", `the model of ${camera.config.id} is not there`, {
      at: "camera",
      remedy: "Wait until the camera is ok; its state tells what is wrong.",
    });
  }
  await settings.set("thresholds", camera.config.id, threshold ?? undefined);
}
