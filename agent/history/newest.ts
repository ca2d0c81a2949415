import type { AlertPayload } from "../contract/payloads.js";
import type { AlertHistory } from "./history.js";
import type { AlertRecord } from "./record.js";

/** A camera acknowledges, and clears, older alerts too: the newest is among those with the latest steps. */
const AMONG = 50;

/** The steps of a camera's newest alert, the first one first, as far as they are kept; empty where none is remembered. */
export function newestSteps(
  history: Pick<AlertHistory, "list">,
  camera: string,
): readonly Pick<AlertPayload, "id" | "ts" | "phase" | "peak" | "raises">[] {
  const records = history.list({ camera, limit: AMONG });
  const [first, ...rest] = records;
  if (first === undefined) return [];
  const { latest, steps } = rest.reduce((newest, each) => (raisedAt(each) > raisedAt(newest) ? each : newest), first);
  return steps.map(({ ts, phase, peak }) => ({ id: latest.id, ts, phase, peak, raises: latest.raises }));
}

/** The number of the step that raised it last. Not its id, nor its time: a defect comes back at its place, and a clock is set back. */
function raisedAt({ steps }: AlertRecord): number {
  return (steps.findLast(({ phase }) => phase === "raised") ?? steps[0])?.seq ?? 0;
}
