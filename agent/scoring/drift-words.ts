import type { GoodBand, GoodReference } from "../../models/judging/good-reference.js";

export const REFERENCE_MISSING =
  "the model's bundle does not say what good parts score: train it anew, or have its threshold set by retort calibrate";
export const STANDS_STILL =
  "Of late scores hardly differ, and do not count: the line stands still, or the camera sees no parts";

/** Where nothing drifts. */
export function stableInWords(middle: number, { low, high }: GoodBand): string {
  return `the middle of good parts is ${text(middle)}; a drift is told of below ${text(low)} and above ${text(high)}`;
}

export interface Shift {
  readonly spreads: number;
  readonly middle: number;
  /** The reference's middle. */
  readonly known: number;
  readonly fromStart: boolean;
  readonly source: GoodReference["source"];
}

const PICTURES = {
  model: "the good pictures of the model's training",
  calibrate: "the pictures of the command calibrate",
};
const LOOK = {
  up: "light, focus, dirt, or parts that get worse",
  down: "the camera may see less than it did, for want of light or focus, or as something covers the view",
};

export function driftInWords(direction: "up" | "down", { spreads, middle, known, fromStart, source }: Shift): string {
  const side = direction === "up" ? "higher" : "lower";
  const shift = `good parts score ${Math.abs(spreads).toFixed(1)} spreads ${side} than ${PICTURES[source]}: ${text(middle)} in the middle, ${text(known)} there`;
  const always = fromStart
    ? "; they have since watching began, so that the camera may never have seen what is on those (other light, lens or roi)"
    : "";
  return `${shift}${always}. Look at pictures first: ${LOOK[direction]}`;
}

const text = (score: number): string => String(Number(score.toPrecision(3)));
