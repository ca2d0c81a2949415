import { access, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Ajv } from "ajv";
import { CodedError, messageOf } from "../../errors.js";
import { makeFolder, replaceFile } from "../../replace-file.js";
import { encodeSafetensors, metadataOf, parseSafetensors } from "../weights/safetensors.js";
import type { TrainingState } from "./stepper.js";

/** How far a training has come. */
export interface Progress {
  /** Epochs finished. */
  readonly epoch: number;
  /** Batches done of the epoch after those. */
  readonly batch: number;
  /** Mean loss of each finished epoch. */
  readonly losses: readonly number[];
  /** Losses of the batches done of the epoch after those. */
  readonly epochLosses: readonly number[];
}

export const BEGINNING: Progress = { epoch: 0, batch: 0, losses: [], epochLosses: [] };

/** Where a training stands: enough to go on to the same result. */
export interface Checkpoint {
  /** Digest of the training that it is of, see recipe.ts. */
  readonly recipe: string;
  readonly progress: Progress;
  readonly state: TrainingState;
}

/** The JSON in the header of the checkpoint's safetensors file; the tensors are the state's. */
type Metadata = Progress & { readonly recipe: string; readonly step: number };

const COUNT = { type: "integer", minimum: 0 };
const LOSSES = { type: "array", items: { type: "number" } };
const isMetadata = new Ajv().compile<Metadata>({
  type: "object",
  required: ["recipe", "epoch", "batch", "losses", "epochLosses", "step"],
  properties: {
    recipe: { type: "string" },
    epoch: COUNT,
    batch: COUNT,
    losses: LOSSES,
    epochLosses: LOSSES,
    step: COUNT,
  },
});

/**
 * Replaces the checkpoint at `path`, whose folder is made where there is none yet: a kill at any moment leaves the old one or the new one.
 * @throws what the file system answers
 */
export async function writeCheckpoint(path: string, { recipe, progress, state }: Checkpoint): Promise<void> {
  const metadata: Metadata = { recipe, ...progress, step: state.step };
  await makeFolder(dirname(path));
  await replaceFile(path, encodeSafetensors(state.tensors, { metadata: { progress: JSON.stringify(metadata) } }));
}

/**
 * The checkpoint in a file.
 * @throws CodedError CHECKPOINT_UNREADABLE
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  try {
    const bytes = await readFile(path);
    const { progress: text } = metadataOf(bytes);
    if (typeof text !== "string") throw new TypeError("it holds no training progress");
    const metadata: unknown = JSON.parse(text);
    if (!isMetadata(metadata)) throw new TypeError("its training progress is not what training writes");
    const { recipe, step, ...progress } = metadata;
    return { recipe, progress, state: { step, tensors: parseSafetensors(bytes) } };
  } catch (error) {
    throw new CodedError("CHECKPOINT_UNREADABLE", `cannot resume: ${messageOf(error)}`, {
      at: path,
      cause: error,
    });
  }
}

/**
 * The checkpoint to go on from; null where there is none.
 * @throws CodedError CHECKPOINT_UNREADABLE, CHECKPOINT_MISMATCH
 */
export async function checkpointOf(path: string, recipe: string): Promise<Checkpoint | null> {
  if (!(await exists(path))) return null;
  const checkpoint = await readCheckpoint(path);
  if (checkpoint.recipe === recipe) return checkpoint;
  throw new CodedError("CHECKPOINT_MISMATCH", "the checkpoint is of other pictures or settings, or trained otherwise", {
    at: path,
  });
}

/**
 * Refuses to begin where an unfinished training would be overwritten.
 * @throws CodedError CHECKPOINT_EXISTS
 */
export async function requireNoCheckpoint(path: string): Promise<void> {
  if (!(await exists(path))) return;
  throw new CodedError("CHECKPOINT_EXISTS", "an unfinished training of this bundle is kept", {
    at: path,
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
