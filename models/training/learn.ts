import { CodedError, messageOf } from "../../errors.js";
import { createRandom } from "../random.js";
import { type Checkpoint, writeCheckpoint } from "./checkpoint.js";
import type { FeatureSource } from "./features.js";
import type { TrainProgress } from "./progress.js";
import type { Stepper } from "./stepper.js";

/** What a training needs, from its first batch or from where a checkpoint left it. */
export interface Lesson {
  readonly stepper: Stepper;
  readonly features: FeatureSource;
  readonly trained: readonly number[];
  readonly epochs: number;
  readonly batch: number;
  readonly seed: number;
  readonly from: Pick<Checkpoint, "epoch" | "batch" | "losses" | "epochLosses">;
  readonly report: (progress: TrainProgress) => void;
  readonly signal: AbortSignal | undefined;
  readonly save: (progress: Lesson["from"]) => Promise<void>;
  readonly checkpointMs: number;
}

/** The loop: epochs of shuffled batches, the last one as short as it comes (RD4AD drops none). */
export async function learn(lesson: Lesson): Promise<{ losses: readonly number[]; imagesPerSecond: number }> {
  const { stepper, features, trained, epochs, batch, seed, report } = lesson;
  const losses = [...lesson.from.losses];
  const total = epochs * trained.length;
  const startedAt = performance.now();
  let seen = 0;
  let savedAt = startedAt;
  for (let epoch = lesson.from.epoch; epoch < epochs; epoch += 1) {
    // Each epoch's order follows from the seed and its number alone, so a resume needs no generator's state.
    const order = createRandom(seed + 1 + epoch).shuffle(trained);
    const first = epoch === lesson.from.epoch ? lesson.from.batch : 0;
    const epochLosses = epoch === lesson.from.epoch ? [...lesson.from.epochLosses] : [];
    for (let index = first; index * batch < order.length; index += 1) {
      if (performance.now() - savedAt >= lesson.checkpointMs) {
        await lesson.save({ epoch, batch: index, losses, epochLosses });
        savedAt = performance.now();
      }
      if (lesson.signal?.aborted) {
        await lesson.save({ epoch, batch: index, losses, epochLosses });
        throw new CodedError("TRAINING_STOPPED", "training was stopped", {
          remedy: "Run the same command with --resume to go on from here.",
        });
      }
      const indices = order.slice(index * batch, (index + 1) * batch);
      const loss = await stepper.step(await features.batch(indices));
      if (!Number.isFinite(loss)) {
        throw new CodedError("TRAINING_DIVERGED", `the loss became ${loss} in epoch ${epoch + 1}`, {
          remedy: "Try another --seed or a larger --batch; the last checkpoint is kept.",
        });
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
    await lesson.save({ epoch: epoch + 1, batch: 0, losses, epochLosses: [] });
    savedAt = performance.now();
  }
  return { losses, imagesPerSecond: (1000 * seen) / (performance.now() - startedAt) };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A full disk must not end a training that goes well: it is told, and tried again at the next checkpoint. */
export function checkpointSaver(
  path: string,
  recipe: string,
  stepper: Stepper,
  report: (progress: TrainProgress) => void,
): Lesson["save"] {
  return async (progress) => {
    try {
      await writeCheckpoint(path, { ...progress, recipe, state: stepper.state() });
    } catch (error) {
      report({ phase: "warning", message: `no checkpoint at ${path}: ${messageOf(error)}; training goes on` });
    }
  };
}
