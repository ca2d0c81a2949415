import { type MonoTypeOperatorFunction, map } from "rxjs";
import type { ImageBaseline } from "../../models/pictures/image-baseline.js";
import { type ImageFault, type ImageLimits, imageFault } from "../../models/pictures/image-fault.js";
import type { PictureStats } from "../../models/pictures/picture-stats.js";
import type { Outcome } from "../types.js";

/** What is no view of a part: the rules of one picture, and one about pictures in a row. */
export interface ImagePolicy extends ImageLimits {
  /** Pictures in a row that are the same to the last bit; null: not looked at. */
  readonly frozenAfter: number | null;
}

interface Fault {
  readonly code: ImageFault["code"] | "IMAGE_FROZEN";
  readonly reason: string;
}

/** As many in a row make a fault (see camera-state.ts) as end it. */
const STEADY = 3;
/**
 * Frames that are no view of a part fail with the reason instead of being judged: no score, no alert, and after a few of
 * them the camera is faulted. Then it takes as many good ones in a row before frames are judged again.
 */
export function imageHealth(policy: ImagePolicy, baseline?: ImageBaseline): MonoTypeOperatorFunction<Outcome> {
  let hash: number | null = null;
  let same = 0;
  let failing = 0;
  let standing: Fault | null = null;
  let good = 0;

  const frozen = (stats: PictureStats): Fault | null => {
    same = stats.hash === hash ? same + 1 : 1;
    hash = stats.hash;
    if (policy.frozenAfter === null || same < policy.frozenAfter) return null;
    return { code: "IMAGE_FROZEN", reason: `${same} pictures in a row are the same` };
  };
  return map((outcome) => {
    if (outcome.kind === "failed" || outcome.inspection.picture === undefined) return outcome;
    const { frame, picture } = outcome.inspection;
    const repeated = frozen(picture);
    const fault = imageFault(picture, policy, baseline) ?? repeated;
    if (fault === null) {
      failing = 0;
      good += 1;
      if (standing === null || good >= STEADY) {
        standing = null;
        return outcome;
      }
      const reason = `${standing.reason}; good again, for ${good} pictures`;
      return { kind: "failed", failure: { frame, code: standing.code, reason } };
    }
    good = 0;
    failing += 1;
    if (failing >= STEADY) standing = fault;
    return { kind: "failed", failure: { frame, ...fault } };
  });
}
