import { Ajv } from "ajv";
import type { PrecisionDifference, PrecisionReport } from "../protocol.js";

/** How an engine was found to judge as the model does. */
export interface Proof {
  /** What the model scored on the fixed pictures, on the provider that the engine was held against. */
  readonly reference: readonly number[];
  readonly difference: PrecisionDifference;
  /** What the model's precision was chosen by: see `choiceOf`. */
  readonly choice: string;
  readonly precision: PrecisionReport;
}

/** The note beside an engine, or in the place of one that was refused. */
export type EngineNote =
  | {
      readonly v: 1;
      readonly kind: "engine";
      /** The model's SHA-256. */
      readonly model: string;
      /** The engine's own. */
      readonly sha256: string;
      /** Null until it was compared. */
      readonly proof: Proof | null;
    }
  | {
      readonly v: 1;
      readonly kind: "refused";
      readonly model: string;
      readonly reason: string;
      /** What its scores were not to differ by. */
      readonly limit: number;
    };

const sha256 = { type: "string", pattern: "^[0-9a-f]{64}$" };
const number = { type: "number" };
const string = { type: "string" };
const difference = {
  type: "object",
  required: ["pictures", "worst", "limit", "lost"],
  properties: { pictures: number, worst: number, limit: number, lost: number },
};
const proof = {
  type: "object",
  required: ["reference", "difference", "choice", "precision"],
  properties: {
    reference: { type: "array", maxItems: 100, items: number },
    difference,
    choice: string,
    precision: {
      type: "object",
      required: ["asked", "used", "reason", "difference"],
      properties: {
        asked: { enum: ["fp32", "fp16", "int8", "auto"] },
        used: { enum: ["fp32", "fp16", "int8"] },
        reason: string,
        difference: { anyOf: [difference, { type: "null" }] },
      },
    },
  },
};
const isNote = new Ajv().compile<EngineNote>({
  oneOf: [
    {
      type: "object",
      required: ["v", "kind", "model", "sha256", "proof"],
      properties: {
        v: { const: 1 },
        kind: { const: "engine" },
        model: sha256,
        sha256,
        proof: { anyOf: [proof, { type: "null" }] },
      },
    },
    {
      type: "object",
      required: ["v", "kind", "model", "reason", "limit"],
      properties: { v: { const: 1 }, kind: { const: "refused" }, model: sha256, reason: string, limit: number },
    },
  ],
});

/** Null where the text is no note: the engine beside it is then none. */
export function noteIn(text: string): EngineNote | null {
  let note: unknown;
  try {
    note = JSON.parse(text);
  } catch {
    return null;
  }
  return isNote(note) ? note : null;
}

export function noteText(note: EngineNote): string {
  return `${JSON.stringify(note, null, 2)}\n`;
}
