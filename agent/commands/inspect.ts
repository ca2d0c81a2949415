import { CodedError } from "../../errors.js";
import type { Context } from "../types.js";
import type { CommandedCamera } from "./camera.js";
import { cameraOf, type Handler, requireEnabled, USUAL_LIMIT_MS } from "./handler.js";

/** `inspect`: the verdict on the camera's next picture, with the part's context bound to it. */
export function inspectCommand(cameras: readonly CommandedCamera[]): Handler {
  return {
    limitMs: () => USUAL_LIMIT_MS,
    run: async (args) => {
      const camera = cameraOf(cameras, args);
      requireEnabled(camera);
      // Its schema is that of T/<camera>/context.
      const verdict = await camera.inspect((args.context ?? null) as Context | null);
      if (verdict !== null) return verdict;
      throw new CodedError("INSPECT_NO_VERDICT", `the verdict of ${camera.config.id} was given up`, { at: "camera" });
    },
  };
}
