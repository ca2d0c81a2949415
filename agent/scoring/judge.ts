import { map, type OperatorFunction } from "rxjs";
import type { Inspection, Threshold, Verdict } from "../types.js";

/**
 * Holds each inspection against its camera's threshold.
 * Strictly above: then a frame is anomalous exactly when its thresholded map has a region.
 * @param threshold in the units of the score; read anew for every frame, so that it can be changed while running.
 */
export function judge(threshold: () => Threshold): OperatorFunction<Inspection, Verdict> {
  return map((inspection) => {
    const limit = threshold();
    return { inspection, threshold: limit, anomalous: inspection.score > limit.value };
  });
}
