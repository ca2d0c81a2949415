import type { AlertStep } from "../types.js";

/** Far more alerts than can still come back. */
const MOST_REMEMBERED = 4_096;

/** Says whether a step scores more than every one of the same alert before it. */
export function worstAlerts(): (step: Pick<AlertStep, "id" | "score">) => boolean {
  /** By alert, the one that grew worse last at the end. */
  const scores = new Map<string, number>();
  return ({ id, score }) => {
    const before = scores.get(id);
    if (before !== undefined && score <= before) return false;
    scores.delete(id);
    scores.set(id, score);
    const [oldest] = scores.keys();
    if (scores.size > MOST_REMEMBERED && oldest !== undefined) scores.delete(oldest);
    return true;
  };
}
