/** What `retort evaluate` says of thresholds, for the terminal and for the report. */
import type { EvaluationResult } from "./figures.js";
import { mostRejected } from "./operating.js";

/** What the bundle does at its own threshold. */
export function atThresholdText({ atThreshold: own, model }: EvaluationResult): string {
  const guess = model.calibrated ? "" : ", a first guess that was never calibrated";
  const defects = `${own.found} of ${own.found + own.missed} defects found (${percent(own.recall)}), ${own.missed} missed`;
  const rejected = `${own.falseAlarms} of ${own.good} good pictures rejected (${percent(own.falseAlarmRate)})`;
  const sure = `${percent(own.wantedRate)} wanted, 95 % sure of less than ${percent(own.upper95)}`;
  return `at the bundle's threshold ${figure(own.threshold)}${guess}: ${defects}; ${rejected}, ${sure}`;
}

/** What the best threshold for the wanted rate would find. */
export function hindsightText({ hindsight, atThreshold: own }: EvaluationResult): string {
  const { rate, threshold, recall } = hindsight;
  if (threshold === null) return "hindsight: no good pictures";
  const most = mostRejected(rate, own.good);
  const allowed = `${most} of ${own.good}${most === 0 ? `; it takes ${Math.ceil(1 / rate - 1e-9)} to allow one` : ""}`;
  const lowest = `the lowest threshold that rejects no more than ${percent(rate)} of these good pictures (${allowed})`;
  return `hindsight would find ${percent(recall)} of the defects at ${figure(threshold)}, ${lowest}`;
}

/** A table, its head first: what is found of each type at the bundle's threshold. */
export function foundRows({ types, atThreshold: own }: EvaluationResult): readonly (readonly string[])[] {
  return [
    ["type", "found", "missed", "share found"],
    ...Object.entries(types).map(([name, { found, missed }]) => [
      name,
      String(found),
      String(missed),
      percent(found / (found + missed)),
    ]),
    ["all", String(own.found), String(own.missed), percent(own.recall)],
  ];
}

/** A table, its head first: thresholds and what each costs. */
export function costRows(result: EvaluationResult): readonly (readonly string[])[] {
  const { thresholds, atThreshold: own } = result;
  const defects = own.found + own.missed;
  return [
    ["threshold", "good rejected", "defects missed", ""],
    ...thresholds.map(({ threshold, falseAlarms, missed }) => [
      figure(threshold),
      `${falseAlarms} (${percent(falseAlarms / own.good)})`,
      `${missed} (${percent(missed / defects)})`,
      noteOf(threshold, result),
    ]),
  ];
}

function noteOf(threshold: number, { atThreshold, hindsight, image }: EvaluationResult): string {
  const notes = [
    ...(threshold === atThreshold.threshold ? ["the bundle's"] : []),
    ...(threshold === hindsight.threshold ? [`hindsight for ${percent(hindsight.rate)}`] : []),
    ...(threshold === image.threshold ? ["best F1, hindsight"] : []),
  ];
  return notes.join("; ");
}

function figure(threshold: number): string {
  return threshold.toPrecision(4);
}

function percent(share: number | null): string {
  if (share === null) return "-";
  const value = 100 * share;
  return `${Number(value < 1 ? value.toPrecision(2) : value.toFixed(1))} %`;
}
