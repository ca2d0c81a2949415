import { CodedError, messageOf } from "../../errors.js";
import { createRandom } from "../random.js";
import { BEGINNING, type Checkpoint, type Progress, writeCheckpoint } from "./checkpoint.js";
import type { FeatureSource } from "./features.js";
import type { TrainProgress } from "./progress.js";
import type { Stepper } from "./stepper.js";

/** What the training loop works with. */
export interface Course {
  readonly stepper: Stepper;
  readonly features: FeatureSource;
  /** Indices of the pictures to learn from. */
  readonly trained: readonly number[];
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  /** Where a checkpoint left off; null: the training begins. */
  readonly from: Progress | null;
  readonly save: (progress: Progress) => Promise<void>;
  /** Time between saves within an epoch; the end of an epoch saves too. */
  readonly saveEveryMs: number;
  readonly report: (progress: TrainProgress) => void;
  readonly signal: AbortSignal | undefined;
}

export interface Learned {
  /** Mean loss of each epoch. */
  readonly losses: readonly number[];
  readonly imagesPerSecond: number;
}

/**
 * The training loop: epochs of shuffled batches, the last one as short as it comes (RD4AD drops none).
 * @throws CodedError TRAINING_STOPPED after the signal, TRAINING_DIVERGED
 */
export async function learn(course: Course): Promise<Learned> {
  const { stepper, features, trained, epochs, batch, seed, report, save } = course;
  const from = course.from ?? BEGINNING;
  const losses = [...from.losses];
  const total = epochs * trained.length;
  const startedAt = performance.now();
  let seen = 0;
  let savedAt = startedAt;
  for (let epoch = from.epoch; epoch < epochs; epoch += 1) {
    // Each epoch's order follows from the seed and its number alone, so a resume needs no generator's state.
    const order = createRandom(seed + 1 + epoch).shuffle(trained);
    const first = epoch === from.epoch ? from.batch : 0;
    const epochLosses = epoch === from.epoch ? [...from.epochLosses] : [];
    for (let index = first; index * batch < order.length; index += 1) {
      if (performance.now() - savedAt >= course.saveEveryMs) {
        await save({ epoch, batch: index, losses, epochLosses });
        savedAt = performance.now();
      }
      if (course.signal?.aborted) {
        await save({ epoch, batch: index, losses, epochLosses });
        throw new CodedError("TRAINING_STOPPED", "training was stopped");
      }
      const indices = order.slice(index * batch, (index + 1) * batch);
      const { loss } = await stepper.step(await features.batch(indices));
      if (!Number.isFinite(loss)) {
        throw new CodedError("TRAINING_DIVERGED", `the loss became ${loss} in epoch ${epoch + 1}`);
      }
      epochLosses.push(loss);
      seen += indices.length;
      const imagesPerSecond = (1000 * seen) / (performance.now() - startedAt);
      const done = epoch * trained.length + Math.min((index + 1) * batch, order.length);
      report({
        phase: "training",
        done,
        total,
        epoch: epoch + 1,
        epochs,
        loss: mean(epochLosses),
        imagesPerSecond,
        etaSeconds: (total - done) / imagesPerSecond,
      });
    }
    losses.push(mean(epochLosses));
    await save({ epoch: epoch + 1, batch: 0, losses, epochLosses: [] });
    savedAt = performance.now();
  }
  return { losses, imagesPerSecond: (1000 * seen) / (performance.now() - startedAt) };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A `save` that writes checkpoints. A full disk must not end a training that goes well: it is a warning, and the next checkpoint tries again. */
export function checkpointWriter(
  path: string,
  recipe: Checkpoint["recipe"],
  stepper: Stepper,
  report: (progress: TrainProgress) => void,
): Course["save"] {
  return async (progress) => {
    try {
      await writeCheckpoint(path, { recipe, progress, state: stepper.state() });
    } catch (error) {
      report({ phase: "warning", message: `no checkpoint at ${path}: ${messageOf(error)}; training goes on` });
    }
  };
}
