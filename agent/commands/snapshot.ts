import { firstValueFrom, map, takeUntil } from "rxjs";
import { CodedError } from "../../errors.js";
import { encodeJpeg } from "../../models/pictures/images.js";
import type { Frame } from "../types.js";
import { aborted } from "./aborted.js";
import type { CommandedCamera } from "./camera.js";
import { cameraOf, type Handler, requireEnabled, USUAL_LIMIT_MS } from "./handler.js";

/** `snapshot`: the camera's next frame as the model sees it, JPEG in base64; one that cannot be judged, too. */
export function snapshotCommand(cameras: readonly CommandedCamera[]): Handler {
  return {
    limitMs: () => USUAL_LIMIT_MS,
    run: async (args, { signal }) => {
      const camera = cameraOf(cameras, args);
      requireEnabled(camera);
      const frame = await firstValueFrom(
        camera.outcomes$.pipe(
          map((outcome): Frame => {
            return outcome.kind === "inspected" ? outcome.inspection.frame : outcome.failure.frame;
          }),
          takeUntil(aborted(signal)),
        ),
        { defaultValue: null },
      );
      const { width, height } = frame?.size ?? { width: 0, height: 0 };
      if (frame === null || frame.pixels.length !== width * height * 3) {
        throw new CodedError("SNAPSHOT_NO_PICTURE", "no picture came", { at: "camera" });
      }
      const jpeg = await encodeJpeg(frame.pixels, frame.size);
      return {
        camera: camera.config.id,
        ts: new Date(frame.capturedAtMs).toISOString(),
        frame: frame.number,
        width,
        height,
        contentType: "image/jpeg",
        base64: jpeg.toString("base64"),
      };
    },
  };
}
