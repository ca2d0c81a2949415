import { identityText } from "../../models/bundle/identity.js";
import type { ImportRecord, Manifest, PrecisionRecord, TrainingRecord } from "../../models/bundle/manifest.js";
import { type BundleSize, sizeText } from "../../models/bundle/speed.js";
import type { Calibration } from "../../models/judging/calibration.js";
import { rateInWords } from "../../models/judging/threshold.js";
import type { Edges } from "../../models/network/backbones/backbone.js";
import { printable } from "./terminal.js";

/** A name, and what there is to say under it; nothing where there is nothing. */
type Section = readonly [name: string, lines: readonly string[]];

/** Of a list in a manifest; whoever wrote more of them is not read out. */
const MOST_LISTED = 20;
const NAME_WIDTH = 16;
/** Everything that a section tells of. */
const TOLD: ReadonlySet<string> = new Set(
  [
    "name",
    "version",
    "arch",
    "network",
    "input",
    "threshold",
    "calibration",
    "imported",
    "precision",
    "lowered",
  ].concat(["memory", "imageHealth", "sha256", "cost", "training", "created"]),
);

/**
 * What a bundle's manifest holds, in a person's words. Its records of the training and of how its threshold was set are as somebody wrote
 * them: what is missing there, or is of another kind, is a question mark.
 */
export function modelLines(manifest: Manifest, cost: BundleSize | null): readonly string[] {
  const { calibration, training, imported, lowered, created } = manifest;
  const others = Object.keys(manifest).filter((key) => !TOLD.has(key));
  const sections: readonly Section[] = [
    ["bundle", [`${printable(identityText(manifest))}, made ${printable(created)}`]],
    ["network", networkLines(manifest)],
    ["pictures", pictureLines(manifest)],
    ["training", training === null ? [withoutTraining(imported)] : trainingLines(training)],
    ["memory", memoryLines(manifest)],
    ["threshold", thresholdLines(manifest.threshold, calibration)],
    ["good pictures", looksLines(manifest)],
    ["precision", lowered === undefined ? [] : precisionLines(manifest.precision, lowered)],
    ["imported", imported === undefined ? [] : importLines(imported)],
    ["cost", [cost === null ? "not known" : sizeText(cost)]],
    ["also recorded", others.length === 0 ? [] : [listed(others)]],
  ];
  return sections.flatMap(([name, lines]) =>
    lines.map((line, index) => `${(index === 0 ? name : "").padEnd(NAME_WIDTH)}${line}`),
  );
}

const EDGES_TEXT: Readonly<Record<Edges, string>> = { zeros: "zeros", mirrored: "the map mirrored" };

function networkLines({ arch, network }: Manifest): readonly string[] {
  if (network === undefined) return [printable(arch)];
  if ("variant" in network) {
    const { variant, taps, edges = "zeros" } = network;
    return [`${printable(arch)}, student ${variant}, on ${taps} maps; beyond their edges ${EDGES_TEXT[edges]}`];
  }
  const { mean, deviation, scale, order = "rgb" } = network.preprocessing;
  return [
    `${printable(arch)}, a network of somebody's own; its maps ${listed(network.taps)}`,
    `it is given (byte * ${shown(scale)} - ${trio(mean)}) / ${trio(deviation)}, ${order === "bgr" ? "blue" : "red"} first`,
  ];
}

function pictureLines({ input: { width, height, batch } }: Manifest): readonly string[] {
  const most = batch === undefined ? "" : `, at most ${count(batch)} at a time`;
  return [`${width} x ${height} pixels${most}; a camera's pictures are scaled to that, never cropped`];
}

function withoutTraining(imported: ImportRecord | undefined): string {
  return imported === undefined ? "none here: made from weights" : "none here: somebody else's model";
}

function trainingLines(training: TrainingRecord): readonly string[] {
  const { images, heldOut, skipped, suspicious, epochs, batch, seed, loss, objective, teacher } = training;
  const student =
    loss === null
      ? "no student: good pictures are remembered"
      : `${count(epochs)} epochs of batch ${count(batch)}, seed ${count(seed)}; loss of the last ${shown(loss)}${objective === undefined ? "" : `, ${text(objective)}`}`;
  return [
    `${count(images)} good pictures, and ${count(heldOut)} kept apart to set the threshold`,
    ...(isMany(skipped) ? [`${count(skipped)} left out: unreadable, damaged, black or overexposed`] : []),
    ...(isMany(suspicious) ? [`${count(suspicious)} of them looked wrong and did not set the threshold`] : []),
    student,
    `teacher's weights: sha256 ${text(teacher)}`,
  ];
}

function memoryLines({ memory }: Manifest): readonly string[] {
  if (memory === undefined) return [];
  const { pictures, channels, weight, scale } = memory;
  const share = `${(100 * weight).toFixed(0)} % of the map, distances times ${shown(scale)}`;
  return [`${count(pictures)} good pictures, ${count(channels)} numbers a place; ${share}`];
}

function thresholdLines(threshold: number, calibration: Calibration | null): readonly string[] {
  if (calibration === null) return [`${shown(threshold)}, a guess: retort calibrate sets it from good pictures`];
  const { rule, images, heldOut, mean, deviation, max, falseAlarmRate: rate } = calibration;
  const apart = heldOut === undefined ? "" : `, ${count(heldOut)} of them new to the model`;
  const known = [rate?.expected, rate?.upper95, rate?.wanted].every(Number.isFinite);
  return [
    `${shown(threshold)}, set on ${count(images)} good pictures${apart}`,
    `they score ${shown(mean)} on average (deviation ${shown(deviation)}), ${shown(max)} at most`,
    ...(known && rate !== undefined ? [rateInWords(rate, 0)] : []),
    `rule: ${text(rule)}`,
  ];
}

function looksLines({ imageHealth }: Manifest): readonly string[] {
  if (imageHealth === undefined) return [];
  const { images, luminance, sharpness } = imageHealth;
  const range = ({ min, max }: typeof luminance) => `${shown(min)} to ${shown(max)}`;
  return [
    `${count(images)} of them: brightness ${range(luminance)} of 255, detail ${range(sharpness)}; far from that a view is not judged`,
  ];
}

function precisionLines(precision: Manifest["precision"], lowered: PrecisionRecord): readonly string[] {
  const { from, layers, float, images, mapError, threshold, lost } = lowered;
  const points = (value: number | null) => (value === null ? "-" : `${shown(100 * value)} points`);
  return [
    `${precision ?? "fp32"}: ${layers - float.length} of ${layers} layers; the map differs by ${shown(100 * mapError)} % on ${count(images)} good pictures`,
    ...(float.length === 0 ? [] : [`left float32: ${listed(float)}`]),
    `threshold carried over from ${shown(threshold.before)}; ${count(threshold.same)} of ${count(images)} are judged as before`,
    lost === null
      ? "what was lost was not measured"
      : `lost: image AUROC ${points(lost.image)}, pixel AUROC ${points(lost.pixel)}, AUPRO ${points(lost.aupro)}`,
    `made of the model with sha256 ${from}`,
  ];
}

function importLines({ from, producer, input, outputs, assumed }: ImportRecord): readonly string[] {
  return [
    `${text(producer) === "" ? "its file does not say by what it was written" : `written by ${text(producer)}`}; sha256 ${from}`,
    `${text(input.name)} (${text(input.layout)}) is given (pixel / 255 - ${trio(input.mean)}) / ${trio(input.deviation)}`,
    `score: ${outputs.score === null ? "the map's maximum" : text(outputs.score)}; map: ${text(outputs.map)}`,
    ...assumed.slice(0, MOST_LISTED).map((each) => `assumed: ${printable(each)}`),
  ];
}

function shown(value: unknown): string {
  return typeof value === "number" && Number.isFinite(value) ? String(Number(value.toPrecision(4))) : "?";
}

function count(value: unknown): string {
  return typeof value === "number" && Number.isFinite(value) ? value.toLocaleString("en") : "?";
}

function text(value: unknown): string {
  return typeof value === "string" ? printable(value) : "?";
}

function isMany(value: unknown): boolean {
  return typeof value === "number" && value > 0;
}

function trio(values: unknown): string {
  return Array.isArray(values) ? values.slice(0, 3).map(shown).join(", ").replace(/^.*$/, "[$&]") : "?";
}

function listed(names: readonly unknown[]): string {
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : "";
  return `${names.slice(0, MOST_LISTED).map(text).join(", ")}${more}`;
}
