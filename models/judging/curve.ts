/** What a threshold costs: good parts rejected, defects missed, as shares. */
export interface CurvePoint {
  readonly threshold: number;
  readonly rejected: number;
  readonly missed: number;
}

/**
 * Missed against rejected at every threshold that makes a difference, the lowest first, thinned to a number of points.
 * @param good at least one
 * @param bad at least one
 */
export function missedAgainstRejected(
  good: readonly number[],
  bad: readonly number[],
  points = 50,
): readonly CurvePoint[] {
  const thresholds = [...new Set([...good, ...bad])].sort((a, b) => a - b);
  const step = Math.max(1, (thresholds.length - 1) / (points - 1));
  const shown = new Set(
    Array.from({ length: points }, (_, at) => Math.min(Math.round(at * step), thresholds.length - 1)),
  );
  return [...shown].map((at) => pointAt(thresholds[at]!, good, bad));
}

/** A score is above a threshold only where it is larger: as the agent judges. */
export function pointAt(threshold: number, good: readonly number[], bad: readonly number[]): CurvePoint {
  return {
    threshold,
    rejected: good.filter((score) => score > threshold).length / good.length,
    missed: bad.filter((score) => score <= threshold).length / bad.length,
  };
}
