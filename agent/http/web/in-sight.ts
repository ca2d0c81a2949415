import type { LivePicture, ScorePoint } from "../../contract/live-events.js";
import type { VerdictPayload } from "../../contract/part-payloads.js";

/** By camera, the frame that has shown a part in front of it to be bad: one bad picture decides, whatever is still to come of it. */
export type BadInSight = Readonly<Record<string, number>>;

type Verdicts = Readonly<Record<string, readonly VerdictPayload[]>>;

/** After scores. A part that has its verdict is out of sight, and says what it was itself. */
export function sawScores(
  before: BadInSight,
  points: Readonly<Record<string, ScorePoint>>,
  verdicts: Verdicts,
): BadInSight {
  const seen = Object.entries(points).map(([camera, { frame, last, threshold }]) => {
    return { camera, frame, isBad: last > threshold };
  });
  return saw(before, seen, verdicts);
}

interface Seen {
  readonly camera: string;
  readonly frame: number;
  readonly isBad: boolean;
}

function saw(before: BadInSight, seen: readonly Seen[], verdicts: Verdicts): BadInSight {
  const isUndecided = ({ camera, frame }: Seen): boolean =>
    frame > (verdicts[camera]?.at(-1)?.frame ?? Number.NEGATIVE_INFINITY);
  const bad = seen.filter((each) => each.isBad && isUndecided(each));
  if (bad.length === 0) return before;
  return { ...before, ...Object.fromEntries(bad.map(({ camera, frame }) => [camera, frame])) };
}

/** After a picture, which comes sooner than its score: no defect is outlined below the word OK. */
export function sawPicture(
  before: BadInSight,
  { camera, frame, score, threshold }: LivePicture,
  verdicts: Verdicts,
): BadInSight {
  return frame <= (before[camera] ?? 0) ? before : saw(before, [{ camera, frame, isBad: score > threshold }], verdicts);
}

/** After a verdict; a good one on a part before the one that was seen leaves that in sight. */
export function sawVerdict(before: BadInSight, { camera, verdict, frame }: VerdictPayload): BadInSight {
  const seen = before[camera];
  if (seen === undefined || (verdict === "ok" && frame !== null && frame < seen)) return before;
  const { [camera]: _decided, ...others } = before;
  return others;
}
