import type { ScorePoint } from "../../contract/live-events.js";
import type { VerdictPayload } from "../../contract/part-payloads.js";

/** By camera, the frame that has shown a part in front of it to be bad: one bad picture decides, whatever is still to come of it. */
export type BadInSight = Readonly<Record<string, number>>;

/** After scores. A part that has its verdict is out of sight, and says what it was itself. */
export function sawScores(
  before: BadInSight,
  points: Readonly<Record<string, ScorePoint>>,
  verdicts: Readonly<Record<string, readonly VerdictPayload[]>>,
): BadInSight {
  const bad = Object.entries(points).flatMap(([camera, { frame, last, threshold }]) => {
    const decided = verdicts[camera]?.at(-1)?.frame ?? Number.NEGATIVE_INFINITY;
    return last > threshold && frame > decided ? [[camera, frame] as const] : [];
  });
  return bad.length === 0 ? before : { ...before, ...Object.fromEntries(bad) };
}

/** After a verdict; a good one on a part before the one that was seen leaves that in sight. */
export function sawVerdict(before: BadInSight, { camera, verdict, frame }: VerdictPayload): BadInSight {
  const seen = before[camera];
  if (seen === undefined || (verdict === "ok" && frame !== null && frame < seen)) return before;
  const { [camera]: _decided, ...others } = before;
  return others;
}
