import { CodedError } from "../../errors.js";
import type { Teacher } from "../network/load.js";
import { teacherParameters } from "../network/parameters.js";
import { teacherGraph } from "../network/rd.js";
import { encodeModel } from "../onnx/encode.js";
import { type Feeds, floatsOf, openSession, type Session, Tensor } from "../onnx/session.js";
import { createRandom, type Random, seedOf } from "../random.js";
import { BEGINNING, checkpointOf, writeCheckpoint } from "../training/checkpoint.js";
import { initialWeights } from "../training/initial.js";
import { recipeDigest } from "../training/recipe.js";
import { type Figures, networkOf, openStepper } from "../training/stepper.js";
import type { Weights } from "../weights/weights.js";
import { distilStep, headParameters, type Trunk } from "./distil-step.js";
import { FORMULA_CLASSES, formulaImage } from "./formula-images.js";
import { StandardSums, standardFeeds } from "./standard.js";
import { composition, type SquarePicture } from "./views.js";

export interface DistilOptions {
  readonly trunk: Trunk;
  readonly teacher: Teacher;
  /** Pictures to learn from beside those made by formulas; may be empty. */
  readonly pictures: readonly SquarePicture[];
  readonly steps: number;
  readonly batch: number;
  /** Side of what is looked at, pixels. */
  readonly size: number;
  readonly seed: number;
  /** The highest rate; it rises to that over the first steps, and falls to zero along a half cosine. */
  readonly rate: number;
  readonly threads: number;
  /** Where the training is kept while it runs; one that is there already, of the same training, is gone on from. */
  readonly checkpointPath: string;
  readonly checkpointMs: number;
  readonly onStep?: (step: number, figures: Figures) => void;
  readonly signal?: AbortSignal;
}

/** Steps over which the rate rises, as a share of all, and at most. */
const WARM_UP = { share: 0.1, most: 100 };
/** Batches that the teacher's channels are standardised by: those of the steps from 0 backwards. */
const CALIBRATION_BATCHES = 12;
/** Formula pictures have this many times the classes that pretraining tells apart: here they need only differ. */
const CLASSES = 12 * FORMULA_CLASSES;
/** Formula pictures drawn anew in each step, and those that a step chooses from. */
const FORMULAS_A_STEP = 4;
const FORMULAS_IN_SIGHT = 400;
const FORMULA_SALT = 0xf0c;

/**
 * Teaches a trunk to see as the teacher does, on pictures made by formulas, given ones, and mixes of both; every step has new ones.
 * Seeded: the same options give the same weights, also across a kill.
 * @returns exactly the trunk's tensors, without the heads
 * @throws CodedError CHECKPOINT_UNREADABLE, CHECKPOINT_MISMATCH, TRAINING_STOPPED after the signal, TRAINING_DIVERGED
 */
export async function distil(options: DistilOptions): Promise<Weights> {
  const { trunk, teacher, pictures, steps, batch, size, seed, rate, threads, checkpointPath } = options;
  const graph = distilStep(trunk, teacher.backbone, size);
  const encoder = teacherGraph(teacher.backbone, teacher.weights, { width: size, height: size });
  const pixels = pictures.map((picture) => picture.pixels);
  const recipe = recipeDigest({ teacher: encoder, step: graph, batch, seed, pixels }, { steps, rate, distillation: 1 });
  const checkpoint = await checkpointOf(checkpointPath, recipe);
  const session = await openSession(encodeModel(encoder), { threads });
  const parameters = [...teacherParameters(trunk.backbone), ...headParameters(trunk.backbone, teacher.backbone)];
  const warmUp = Math.min(WARM_UP.most, WARM_UP.share * steps);
  const stepper = await openStepper(
    graph,
    checkpoint?.state ?? { step: 0, tensors: initialWeights(parameters, createRandom(seed)) },
    {
      threads,
      rate: (step) => rate * Math.min(1, step / warmUp) * 0.5 * (1 + Math.cos((Math.PI * (step - 1)) / steps)),
    },
  );
  const save = async (): Promise<void> => {
    await writeCheckpoint(checkpointPath, { recipe, progress: BEGINNING, state: stepper.state() });
  };
  try {
    const lesson = lessonsOf(options);
    const standard = await standardOf(session, options, lesson);
    let savedAt = performance.now();
    for (let step = stepper.state().step + 1; step <= steps; step += 1) {
      const image = lesson(step);
      const figures = await stepper.step({ image, ...(await session.run({ image })), ...standard });
      if (!Number.isFinite(figures.loss)) {
        throw new CodedError("TRAINING_DIVERGED", `the loss became ${figures.loss} in step ${step}`);
      }
      options.onStep?.(step, figures);
      const stopped = options.signal?.aborted === true;
      if (stopped || performance.now() - savedAt >= options.checkpointMs) {
        await save();
        savedAt = performance.now();
      }
      if (stopped) {
        const remedy = "Run the same command to go on from here.";
        throw new CodedError("TRAINING_STOPPED", `stopped after step ${step}`, { remedy });
      }
    }
    const network = networkOf(stepper.state());
    return new Map(teacherParameters(trunk.backbone).map(({ name }) => [name, network.get(name)!]));
  } finally {
    await stepper.close();
    await session.close();
  }
}

/** Mean and deviation of each channel of the teacher's maps, over pictures like those of the lessons. */
async function standardOf(
  session: Session,
  { teacher, batch }: DistilOptions,
  lesson: (step: number) => Tensor,
): Promise<Feeds> {
  const [fine, middle, coarse] = teacher.backbone.scales;
  const sums = new StandardSums([fine.channels, middle.channels, coarse.channels]);
  for (let index = 0; index < CALIBRATION_BATCHES; index += 1) {
    const { f1, f2, f3 } = await session.run({ image: lesson(-index) });
    sums.add([f1, f2, f3].map(floatsOf), batch);
  }
  return standardFeeds(sums.standard());
}

/** Yields the batches of a distillation, uint8 [batch, size, size, 3], by number: each has other pictures. */
function lessonsOf({ pictures, batch, size, seed }: DistilOptions): (step: number) => Tensor {
  const length = size * size * 3;
  const drawn = new Map<number, SquarePicture>();
  /** Drawing takes longer than looking: each step draws a few anew, and looks at all that were drawn lately, each time otherwise. */
  const formula = (index: number): SquarePicture => {
    const known = drawn.get(index);
    if (known !== undefined) return known;
    const random = createRandom(seedOf(seed, FORMULA_SALT, index));
    const picture = { pixels: formulaImage(random.int(CLASSES), random.int(2 ** 31), size), side: size };
    drawn.set(index, picture);
    return picture;
  };
  return (step) => {
    const oldest = step * FORMULAS_A_STEP;
    for (const index of drawn.keys()) if (index < oldest) drawn.delete(index);
    const draw = (random: Random): SquarePicture =>
      pictures.length > 0 && random.next() < 0.5
        ? random.pick(pictures)
        : formula(oldest + random.int(FORMULAS_IN_SIGHT));
    const pixels = new Uint8Array(batch * length);
    for (let slot = 0; slot < batch; slot += 1) {
      pixels.set(composition(draw, size, createRandom(seedOf(seed, step, slot))), slot * length);
    }
    return new Tensor("uint8", pixels, [batch, size, size, 3]);
  };
}
