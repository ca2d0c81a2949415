/** `retort evaluate`: a bundle held against a data set with known defects. */
import { readBundle } from "../bundle/bundle.js";
import { readTestSet } from "./dataset.js";
import { type EvaluationResult, figuresOf } from "./figures.js";
import { requireReportPath, writeReport } from "./report.js";
import { scoreImages } from "./score.js";

export interface EvaluateOptions {
  /** The bundle's directory. */
  readonly bundle: string;
  /** A data set in the MVTec AD layout. */
  readonly data: string;
  /** 0 or absent: as many as there are cores. */
  readonly threads?: number;
  /** Where to write the HTML report; none when absent. */
  readonly report?: string;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Scores every test picture and computes image AUROC, pixel AUROC, AUPRO (limit 0.3) and best F1, over all and per defect type
 * (that type's pictures and the good ones). The report's path is tried first.
 * @throws CodedError BUNDLE_*, MODEL_*, DATA_*, IMAGE_*, METRIC_*, REPORT_UNWRITABLE
 */
export async function evaluateBundle(options: EvaluateOptions): Promise<EvaluationResult> {
  const bundle = await readBundle(options.bundle);
  const set = await readTestSet(options.data);
  if (options.report !== undefined) await requireReportPath(options.report);
  const { images, warnings } = await scoreImages(bundle, set.images, options);
  const { name, version, sha256 } = bundle.manifest;
  const result = {
    ...figuresOf(images),
    model: { name, version, sha256 },
    data: options.data,
    warnings: [...set.warnings, ...warnings],
  };
  if (options.report !== undefined) await writeReport(options.report, result, images);
  return result;
}
