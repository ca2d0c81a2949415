import type { LiveCamera } from "../../contract/live-events.js";
import type { CameraState } from "../../contract/payloads.js";
import type { PartOutcome } from "../../types.js";
import { context } from "./format.js";
import type { Line } from "./line.js";

/** What is told of a camera at large: its last part where it judges parts, else its state. */
export type Standing =
  | { readonly kind: "state"; readonly state: CameraState | "blind" }
  /** The alarm, which is about the process, stands beside it. */
  | {
      readonly kind: "part";
      readonly verdict: PartOutcome;
      /** Null while the part is still in front of the camera: it has no verdict yet, and no name. */
      readonly part: string | number | null;
      /** Why it could not be judged, else what the line said of it. */
      readonly about: string;
      readonly alarm: CameraState;
    };

/** States in which parts are judged; in any other no part is to look as if it had been. */
const JUDGING: readonly CameraState[] = ["ok", "anomalous", "idle"];

export function standingOf({ id, part, state, blind }: LiveCamera, { verdicts, badInSight }: Line): Standing {
  const last = verdicts[id]?.at(-1);
  // A camera that delivers pictures to a model that does not see them is not merely at fault.
  if (blind !== null && state === "faulted") return { kind: "state", state: "blind" };
  if (part === null || !JUDGING.includes(state)) return { kind: "state", state };
  if (badInSight[id] !== undefined) return { kind: "part", verdict: "ng", part: null, about: "", alarm: state };
  if (last === undefined) return { kind: "state", state };
  const about = last.reason ?? context(last.context);
  return { kind: "part", verdict: last.verdict, part: last.part, about, alarm: state };
}
