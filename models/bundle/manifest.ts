import { Ajv } from "ajv";
import { type Calibration, SCORE_QUANTILES } from "../judging/calibration.js";
import {
  CHANNEL_ORDERS,
  EDGES,
  type EmbeddedChoice,
  type NetworkChoice,
  TAPS,
  VARIANTS,
} from "../network/backbones/backbone.js";
import type { Objective } from "../network/objective.js";
import type { NetworkCost } from "../onnx/cost.js";
import type { ImageBaseline } from "../pictures/image-baseline.js";
import { TILES } from "../pictures/picture-stats.js";

/** The record of a bundle's memory of good pictures, which is inside its model. */
export interface MemoryRecord {
  /** Pictures stored. */
  readonly pictures: number;
  /** Numbers stored for each place of a picture. */
  readonly channels: number;
  /** Its share of the anomaly map; the student's is the rest. */
  readonly weight: number;
  /** What its distances are multiplied by to be as large as the student's. */
  readonly scale: number;
}

/** The record of a bundle's training. */
export interface TrainingRecord {
  readonly images: number;
  readonly heldOut: number;
  /** Pictures that were left out: unreadable, damaged, black, overexposed. */
  readonly skipped: number;
  /** Pictures that look wrong: they did not set the threshold. Absent in bundles of version 0.1 and earlier. */
  readonly suspicious?: number;
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  /** Mean of the last epoch; null without a student. */
  readonly loss: number | null;
  /** What the student minimised. Absent without a student, and in bundles of version 0.1, whose students minimised `rd4ad`. */
  readonly objective?: Objective;
  /** sha256 of the teacher's weights file. */
  readonly teacher: string;
}

/** What a model's networks are computed in; all else is float32 always. */
export type ModelPrecision = "fp32" | "fp16" | "int8";

/** The record of what a model lost by another precision than float32. */
export interface PrecisionRecord {
  /** sha256 of the float32 model that it was made of. */
  readonly from: string;
  /** Convolutions, and the names of those that were left float32. */
  readonly layers: number;
  readonly float: readonly string[];
  /** Pictures of good parts that the ranges, the threshold and the error were found on. */
  readonly images: number;
  /** The root mean square by which the map differs on them, as a share of the map's own. */
  readonly mapError: number;
  /** How the threshold was carried over, and on how many of the pictures both models' verdicts are the same. */
  readonly threshold: { readonly before: number; readonly shift: number; readonly same: number };
  /** AUROC of the pictures, of the pixels, and AUPRO, as many less; null where they were not measured. */
  readonly lost: PrecisionLoss | null;
}

export interface PrecisionLoss {
  readonly image: number;
  /** null without masks. */
  readonly pixel: number | null;
  readonly aupro: number | null;
}

/** The record of a model of somebody else's that a bundle was made of. */
export interface ImportRecord {
  /** sha256 of the file. */
  readonly from: string;
  /** By what it was written, in its own words; "" if it does not say. */
  readonly producer: string;
  /** What it is given: (pixel / 255 - mean) / deviation for each of red, green and blue. */
  readonly input: {
    readonly name: string;
    readonly layout: "NCHW" | "NHWC";
    readonly mean: readonly number[];
    readonly deviation: readonly number[];
  };
  /** The outputs that score and map are of; score null: the map's maximum. */
  readonly outputs: { readonly score: string | null; readonly map: string };
  /** What nobody stated, in words. */
  readonly assumed: readonly string[];
}

/** `model.json` of a model bundle. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  /** What the architecture's name leaves open: a ConvNeXt's variant and taps, an ONNX teacher's taps and preprocessing. Absent for ResNets. */
  readonly network?: NetworkChoice | EmbeddedChoice;
  /** `batch`: the most pictures at a time; absent: any number. */
  readonly input: { readonly width: number; readonly height: number; readonly batch?: number };
  readonly threshold: number;
  /** null: exported from foreign weights; the threshold is a guess until it is calibrated. */
  readonly calibration: Calibration | null;
  /** Absent where the model is of our own making. */
  readonly imported?: ImportRecord;
  /** Absent: fp32. */
  readonly precision?: ModelPrecision;
  /** Absent where the precision is fp32. */
  readonly lowered?: PrecisionRecord;
  /** Absent where a student judges alone. */
  readonly memory?: MemoryRecord;
  /** Absent in bundles that were made from weights, without pictures. */
  readonly imageHealth?: ImageBaseline;
  /** The SHA-256 of model.onnx, hexadecimal. */
  readonly sha256: string;
  /** What it costs on any machine. Absent in bundles of version 0.1 and earlier, and where the model could not be run. */
  readonly cost?: NetworkCost;
  readonly training: TrainingRecord | null;
  /** RFC 3339. */
  readonly created: string;
}

const TEXT = { type: "string", minLength: 1 };
const HASH = { type: "string", pattern: "^[0-9a-f]{64}$" };
const SIDE = { type: "integer", minimum: 1, maximum: 8192 };
const RANGE = {
  type: "object",
  required: ["min", "max"],
  properties: { min: { type: "number", minimum: 0 }, max: { type: "number", minimum: 0 } },
};
const CHANNELS = { type: "array", minItems: 3, maxItems: 3, items: { type: "number" } };
/** The check of a parsed `model.json`. */
export const isManifest = new Ajv({ allErrors: true }).compile<Manifest>({
  type: "object",
  required: ["name", "version", "arch", "input", "threshold", "calibration", "sha256", "training", "created"],
  properties: {
    name: TEXT,
    version: TEXT,
    arch: TEXT,
    network: {
      type: "object",
      required: ["taps"],
      oneOf: [
        {
          required: ["variant"],
          properties: { variant: { enum: VARIANTS }, taps: { enum: TAPS }, edges: { enum: EDGES } },
        },
        {
          required: ["preprocessing"],
          properties: {
            taps: { type: "array", minItems: 3, maxItems: 3, items: TEXT },
            preprocessing: {
              type: "object",
              required: ["mean", "deviation", "scale"],
              properties: {
                mean: CHANNELS,
                deviation: CHANNELS,
                scale: { type: "number" },
                order: { enum: CHANNEL_ORDERS },
              },
            },
          },
        },
      ],
    },
    input: {
      type: "object",
      required: ["width", "height"],
      properties: { width: SIDE, height: SIDE, batch: { type: "integer", minimum: 1 } },
    },
    imported: {
      type: "object",
      required: ["from", "producer", "input", "outputs", "assumed"],
      properties: {
        from: HASH,
        input: { type: "object" },
        outputs: { type: "object" },
        assumed: { type: "array", items: { type: "string" } },
      },
    },
    threshold: { type: "number" },
    calibration: {
      type: ["object", "null"],
      properties: {
        images: { type: "integer", minimum: 1 },
        heldOut: { type: "integer", minimum: 1 },
        quantiles: SCORE_QUANTILES,
      },
    },
    precision: { enum: ["fp32", "fp16", "int8"] },
    lowered: {
      type: "object",
      required: ["from", "layers", "float", "images", "mapError", "threshold", "lost"],
      properties: {
        from: HASH,
        layers: { type: "integer", minimum: 0 },
        float: { type: "array", items: { type: "string" } },
        images: { type: "integer", minimum: 1 },
        mapError: { type: "number", minimum: 0 },
        threshold: { type: "object" },
        lost: { type: ["object", "null"] },
      },
    },
    memory: {
      type: "object",
      required: ["pictures", "channels", "weight", "scale"],
      properties: Object.fromEntries(
        ["pictures", "channels", "weight", "scale"].map((name) => [name, { type: "number", exclusiveMinimum: 0 }]),
      ),
    },
    imageHealth: {
      type: "object",
      required: ["images", "luminance", "sharpness", "tiles"],
      properties: {
        images: { type: "integer", minimum: 1 },
        luminance: RANGE,
        sharpness: RANGE,
        tiles: { type: "array", minItems: TILES ** 2, maxItems: TILES ** 2, items: { type: "number", minimum: 0 } },
      },
    },
    sha256: HASH,
    cost: {
      type: "object",
      required: ["parameters", "gflop"],
      properties: { parameters: { type: "integer", minimum: 0 }, gflop: { type: ["number", "null"], minimum: 0 } },
    },
    training: { type: ["object", "null"] },
    created: TEXT,
  },
});
