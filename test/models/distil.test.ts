import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { loadTeacher, type Teacher } from "../../models/network/load.js";
import { type DistilOptions, distil } from "../../models/pretrain/distil.js";
import { trunkOf } from "../../models/pretrain/distil-step.js";
import { StandardSums } from "../../models/pretrain/standard.js";
import { composition, type SquarePicture } from "../../models/pretrain/views.js";
import { createRandom } from "../../models/random.js";
import { encodeSafetensors } from "../../models/weights/safetensors.js";
import type { Weights } from "../../models/weights/weights.js";
import { temporaryFolder } from "../support/config.js";
import { formulaPicture } from "../support/formula.js";
import { writeSmallTeacher } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("teachers by distillation");
const dir = temporaryFolder();
const pictures: readonly SquarePicture[] = [{ pixels: formulaPicture(96), side: 96 }];
let teacher: Teacher;
/** What a trunk misses that does not learn and sees each map's mean. Some pictures have more to miss than others: this is the measure. */
let ofMean: readonly number[] = [];
const STEPS = 40;

test.before(async () => {
  teacher = await loadTeacher(await writeSmallTeacher(dir), "resnet18");
  [, ofMean] = await distilled("resnet18", { rate: 0 });
});

async function distilled(arch: string, options: Partial<DistilOptions> = {}): Promise<readonly [Weights, number[]]> {
  const losses: number[] = [];
  const weights = await distil({
    ...{
      trunk: trunkOf(arch, 4),
      teacher,
      pictures,
      steps: STEPS,
      batch: 4,
      size: 32,
      seed: 3,
      rate: 0.01,
      threads: 1,
    },
    ...{ checkpointPath: join(dir, `${arch}.checkpoint.safetensors`), checkpointMs: 3_600_000 },
    onStep: (_, { loss }) => void losses.push(loss),
    ...options,
  });
  return [weights, losses];
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

for (const arch of ["resnet18", "convnext_atto"]) {
  test(`${arch}: what it misses of the teacher's maps falls, and its file is a teacher that train takes`, async () => {
    const [weights, losses] = await distilled(arch);
    assert.is(losses.length, STEPS);
    assert.ok(mean(losses.slice(-8)) < 0.9 * mean(ofMean.slice(-8)), `${losses.join(", ")}; ${ofMean.join(", ")}`);
    const path = join(dir, `${arch}.safetensors`);
    await writeFile(path, encodeSafetensors(weights));
    const loaded = await loadTeacher(path, arch);
    assert.equal(
      loaded.backbone.scales.map(({ channels }) => channels),
      [4, 8, 16],
    );
  });
}

test("one that was stopped goes on to the weights that it would have had; as another one it is refused", async () => {
  const [whole] = await distilled("resnet18");
  const stop = new AbortController();
  const refusal = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "done",
      (error: unknown) => (error instanceof CodedError ? error.code : String(error)),
    );
  const stopped = distilled("resnet18", {
    signal: stop.signal,
    onStep: (step) => {
      if (step === 5) stop.abort();
    },
  });
  assert.is(await refusal(stopped), "TRAINING_STOPPED");
  assert.is(await refusal(distilled("resnet18", { seed: 4 })), "CHECKPOINT_MISMATCH");
  const [rest, losses] = await distilled("resnet18");
  assert.is(losses.length, STEPS - 5);
  assert.equal(rest, whole);
});

test("pictures follow from their seed, and differ by it", () => {
  const draw = () => pictures[0]!;
  const [first, again, other] = [1, 1, 2].map((seed) => composition(draw, 32, createRandom(seed)));
  assert.equal(first, again);
  assert.not.equal(first, other);
});

test("a standard is the mean and the deviation of each channel over pictures and places", () => {
  const sums = new StandardSums([2, 1, 1]);
  // Two pictures of two channels, two places each.
  sums.add([Float32Array.of(1, 3, 10, 10, 5, 7, 10, 30), Float32Array.of(1, 1), Float32Array.of(0, 2)], 2);
  const [fine, flat, coarse] = sums.standard();
  assert.equal([...fine.mean], [4, 15]);
  assert.equal(
    [...fine.deviation].map((each) => each.toFixed(3)),
    [Math.sqrt(5), Math.sqrt(75)].map((each) => each.toFixed(3)),
  );
  assert.equal([...flat.deviation], [1], "of a map that never moves nothing is divided by zero");
  assert.equal([...coarse.deviation], [1]);
});

test.run();
