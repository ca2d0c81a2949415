import { firstValueFrom, map, takeUntil } from "rxjs";
import { CodedError } from "../../errors.js";
import { encodeJpeg } from "../../models/pictures/images.js";
import { type Sharpest, sharpest } from "../kit/sharpest.js";
import type { Frame } from "../types.js";
import { aborted } from "./aborted.js";
import type { CommandedCamera } from "./camera.js";
import { cameraOf, type Handler, requireEnabled, USUAL_LIMIT_MS } from "./handler.js";

/** For eyes that judge focus: the camera's own pixels, little changed. */
const QUALITY = 92;

/** `snapshot`: what the model is shown of the camera's next frame, in the camera's own pixels unless the model's are asked for; JPEG in base64; of a frame that cannot be judged, too. */
export function snapshotCommand(cameras: readonly CommandedCamera[]): Handler {
  return {
    limitMs: () => USUAL_LIMIT_MS,
    run: async (args, { signal }) => {
      const camera = cameraOf(cameras, args);
      requireEnabled(camera);
      const taken = await firstValueFrom(
        camera.outcomes$.pipe(
          map((outcome) => (outcome.kind === "inspected" ? outcome.inspection.frame : outcome.failure.frame)),
          // In the turn of the outcome, or the camera's own pixels are gone.
          map((frame) => ({ frame, picture: args.size === "model" ? ofModel(frame) : sharpest(frame) })),
          takeUntil(aborted(signal)),
        ),
        { defaultValue: null },
      );
      const picture = await taken?.picture;
      if (!taken || !picture || picture.pixels.length !== picture.size.width * picture.size.height * 3) {
        throw new CodedError("SNAPSHOT_NO_PICTURE", "no picture came", { at: "camera" });
      }
      const { frame } = taken;
      const jpeg = await encodeJpeg(picture.pixels, picture.size, QUALITY);
      return {
        camera: camera.config.id,
        ts: new Date(frame.capturedAtMs).toISOString(),
        frame: frame.number,
        ...picture.size,
        size: picture.resolution,
        contentType: "image/jpeg",
        base64: jpeg.toString("base64"),
      };
    },
  };
}

function ofModel({ pixels, size }: Frame): Sharpest {
  return { pixels, size, resolution: "model" };
}
