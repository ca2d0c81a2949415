import { readFile } from "node:fs/promises";
import { Ajv } from "ajv";
import { CodedError, messageOf } from "../../errors.js";
import { replaceFile } from "../../replace-file.js";
import { encodeSafetensors, metadataOf, parseSafetensors } from "../weights/safetensors.js";
import type { TrainingState } from "./stepper.js";

/** Where a training stands: enough to go on to the same result. */
export interface Checkpoint {
  /** What was being trained (architecture, size, batch, seed, images, teacher): a resume must match it. */
  readonly recipe: string;
  readonly epoch: number;
  /** Batches done of that epoch. */
  readonly batch: number;
  /** Mean loss of each finished epoch. */
  readonly losses: readonly number[];
  /** Losses of the batches done of the current epoch. */
  readonly epochLosses: readonly number[];
  readonly state: TrainingState;
}

type Progress = Omit<Checkpoint, "state"> & { readonly step: number };

const count = { type: "integer", minimum: 0 };
const losses = { type: "array", items: { type: "number" } };
const isProgress = new Ajv().compile<Progress>({
  type: "object",
  required: ["recipe", "epoch", "batch", "losses", "epochLosses", "step"],
  properties: { recipe: { type: "string" }, epoch: count, batch: count, losses, epochLosses: losses, step: count },
});

/**
 * Replaces the checkpoint at `path`: a kill at any moment leaves the old one or the new one.
 * @throws what the file system answers
 */
export async function writeCheckpoint(path: string, { state, ...progress }: Checkpoint): Promise<void> {
  const metadata = { progress: JSON.stringify({ ...progress, step: state.step }) };
  await replaceFile(path, encodeSafetensors(state.tensors, { metadata }));
}

/** @throws CodedError CHECKPOINT_UNREADABLE */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  try {
    const bytes = await readFile(path);
    const { progress } = metadataOf(bytes);
    if (typeof progress !== "string") throw new TypeError("it holds no training progress");
    const told: unknown = JSON.parse(progress);
    if (!isProgress(told)) throw new TypeError("its training progress is not what training writes");
    const { step, ...rest } = told;
    return { ...rest, state: { step, tensors: parseSafetensors(bytes) } };
  } catch (error) {
    throw new CodedError("CHECKPOINT_UNREADABLE", `cannot resume: ${messageOf(error)}`, {
      at: path,
      remedy: "Delete the checkpoint and train from the beginning.",
      cause: error,
    });
  }
}
