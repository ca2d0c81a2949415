/** `retort evaluate`: a bundle held against a data set with known defects. */
import { readBundle } from "../bundle/bundle.js";
import { FALSE_ALARM_RATE } from "../judging/threshold.js";
import { requireFalseAlarms } from "../training/options.js";
import { requireReportPath, writeReport } from "../writable.js";
import { readTestSet } from "./dataset.js";
import { type EvaluationResult, figuresOf } from "./figures.js";
import { pictureScores, scoresCsv } from "./picture-scores.js";
import { reportHtml } from "./report.js";
import { scoreImages } from "./score.js";

export interface EvaluateOptions {
  /** The bundle's directory. */
  readonly bundle: string;
  /** A data set in the MVTec AD layout. */
  readonly data: string;
  /** The share of good parts that may be rejected by mistake, above 0 and below 1; the one that the bundle was calibrated for unless given. */
  readonly falseAlarms?: number;
  /** 0 or absent: as many as there are cores. */
  readonly threads?: number;
  /** Where to write the HTML report; none when absent. */
  readonly report?: string;
  /** Where to write each picture's score as CSV; nowhere when absent. */
  readonly scores?: string;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Scores every test picture: what the bundle's threshold finds and rejects, what hindsight would, then image AUROC, pixel AUROC, AUPRO
 * (limit 0.3) and best F1, over all and per defect type (that type's pictures and the good ones). The paths of its files are tried first.
 * @throws CodedError BUNDLE_*, MODEL_*, DATA_*, IMAGE_*, METRIC_*, OPTION_INVALID, REPORT_UNWRITABLE
 */
export async function evaluateBundle(options: EvaluateOptions): Promise<EvaluationResult> {
  const { report, scores, data, falseAlarms } = options;
  if (falseAlarms !== undefined) requireFalseAlarms(falseAlarms);
  const bundle = await readBundle(options.bundle);
  const set = await readTestSet(data);
  for (const path of [report, scores]) if (path !== undefined) await requireReportPath(path);
  const scored = await scoreImages(bundle, set.images, options);
  const { name, version, sha256, threshold, calibration } = bundle.manifest;
  const wantedRate = falseAlarms ?? calibration?.falseAlarmRate?.wanted ?? FALSE_ALARM_RATE;
  const result = {
    ...figuresOf(scored.images, { threshold, wantedRate }),
    model: { name, version, sha256, calibrated: calibration !== null },
    data,
    pictures: pictureScores(scored, threshold),
    warnings: [...set.warnings, ...scored.warnings],
  };
  if (report !== undefined) await writeReport(report, await reportHtml(result, scored.images));
  if (scores !== undefined) await writeReport(scores, scoresCsv(result.pictures));
  return result;
}
