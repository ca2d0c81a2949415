import type { Precision } from "../../config/types.js";
import type { ModelPrecision } from "../../models/bundle/bundle.js";
import type { PrecisionReport } from "./protocol.js";

/** The report on a model that is computed in its own precision, since there is no other one of it. */
export function asItIs(asked: Precision, used: ModelPrecision): PrecisionReport {
  const reason = asked === used ? "as asked" : "the model's own; retort quantize writes others";
  return { asked, used, reason, difference: null };
}
