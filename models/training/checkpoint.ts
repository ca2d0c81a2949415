import { open, readFile, rename, rm } from "node:fs/promises";
import { Ajv } from "ajv";
import { CodedError, messageOf } from "../../errors.js";
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

/** Written whole beside the old one, synced, then put in its place: a kill at any moment leaves one of the two. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const { state, ...progress } = checkpoint;
  const bytes = encodeSafetensors(state.tensors, {
    metadata: { progress: JSON.stringify({ ...progress, step: state.step }) },
  });
  const draft = `${path}.draft`;
  try {
    const file = await open(draft, "w");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
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
