import { join } from "node:path";
import * as assert from "uvu/assert";
import { readBundle } from "../../models/bundle/bundle.js";
import { differentiate } from "../../models/graph/gradients.js";
import { Graph, type Shape } from "../../models/graph/graph.js";
import type { Backbone } from "../../models/network/backbones/backbone.js";
import { convnext } from "../../models/network/backbones/convnext.js";
import { resnet } from "../../models/network/backbones/resnet.js";
import { OBJECTIVES, type Objective } from "../../models/network/objective.js";
import { studentParameters, teacherParameters } from "../../models/network/parameters.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { type Feeds, floats, floatsOf, openSession } from "../../models/onnx/session.js";
import { createRandom } from "../../models/random.js";
import { openFeatures } from "../../models/training/features.js";
import { initialWeights } from "../../models/training/initial.js";
import { hardnessAt, lossOf } from "../../models/training/losses.js";
import { RECIPE } from "../../models/training/recipe.js";
import { stepGraph } from "../../models/training/step.js";
import { openStepper } from "../../models/training/stepper.js";
import { trainStudent } from "../../models/training/train.js";
import { temporaryFolder } from "../support/config.js";
import { formulaPicture, formulaWeights } from "../support/formula.js";
import { writeGoodPictures, writeSmallTeacher } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("what a student minimises");
const dir = temporaryFolder();
const size = { width: 64, height: 64 };
const STEPS = 9;
const map: Shape = [1, 3, "N", 4, 4];

/** The gradient of the loss by a student's map, where places count as hard from so many deviations above the mean on. */
async function gradientAt(objective: Objective, hardness: number): Promise<readonly number[]> {
  const g = new Graph("gradient");
  const [a, b] = [g.input("a", "float32", map), g.input("b", "float32", map)];
  const loss = lossOf(g, [a, a, a], [b, b, b], objective);
  const [gradient] = differentiate(g, loss, [b]);
  g.output(g.node("Identity", [gradient!], gradient!.shape, { name: "d" }));
  const session = await openSession(encodeModel(g), { threads: 1 });
  const random = createRandom(2);
  const values = () => floats(Float32Array.from({ length: 3 * 2 * 16 }, random.normal), [1, 3, 2, 4, 4]);
  const feeds: Feeds = { a: values(), b: values() };
  const all = objective === "rd4ad" ? feeds : { ...feeds, hardness: floats(Float32Array.of(hardness), []) };
  const { d } = await session.run(all);
  await session.close();
  return [...floatsOf(d)];
}

test("places where the student does well have a tenth of their say in the gradient, hard ones all of it", async () => {
  const plain = await gradientAt("rd4ad", 0);
  const shares = (await gradientAt("hard-positions", 0)).map((each, at) => each / plain[at]!);
  const easy = shares.filter((share) => Math.abs(share - RECIPE.hardness.easyShare) < 1e-3);
  const hard = shares.filter((share) => Math.abs(share - 1) < 1e-3);
  assert.is(easy.length + hard.length, shares.length);
  assert.ok(easy.length > 0 && hard.length > 0, `${easy.length} and ${hard.length}`);
  const allHard = await gradientAt("hard-positions", -100);
  assert.ok(allHard.every((each, at) => Math.abs(each - plain[at]!) < 1e-6));
});

test("at first all places are hard, later the worst few", () => {
  const { from, to, steps } = RECIPE.hardness;
  assert.equal(
    [hardnessAt(0), hardnessAt(steps / 2), hardnessAt(steps), hardnessAt(9 * steps)],
    [from, (from + to) / 2, to, to],
  );
});

const narrow = resnet("resnet18", 4);
const mirrored = convnext("convnext_atto", { channels: 4, variant: "study" });

test("with either objective a step of either family's student trains: the loss falls", async () => {
  for (const backbone of [narrow, mirrored]) {
    for (const objective of OBJECTIVES) {
      const losses = await lossesOf(backbone, objective);
      assert.ok(losses.at(-1)! < 0.9 * losses[0]!, `${backbone.name}, ${objective}: ${losses.join(", ")}`);
    }
  }
});

async function lossesOf(backbone: Backbone, objective: Objective): Promise<readonly number[]> {
  const teacher = formulaWeights(teacherParameters(backbone), "teacher.");
  const pixels = [formulaPicture(64), formulaPicture(64).reverse(), formulaPicture(64).map((level) => 255 - level)];
  const features = await openFeatures(backbone, teacher, pixels, size, { threads: 1 });
  const indices = [...pixels.keys()];
  const start = { step: 0, tensors: initialWeights(studentParameters(backbone), createRandom(1)) };
  const hardness = (step: number): Feeds => ({ hardness: floats(Float32Array.of(hardnessAt(step)), []) });
  const feeds = objective === "rd4ad" ? {} : { feeds: hardness };
  const stepper = await openStepper(stepGraph(backbone, size, objective), start, { threads: 1, ...feeds });
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step += 1) losses.push((await stepper.step(await features.batch(indices))).loss);
  await stepper.close();
  await features.close();
  return losses;
}

test("a bundle records what its student minimised", async () => {
  const normal = await writeGoodPictures(dir, 12);
  const teacher = await writeSmallTeacher(dir);
  const options = { normal, teacher, arch: "resnet18", epochs: 2, size: 64, batch: 4, seed: 5, threads: 1, memory: 0 };
  const usual = await trainStudent({ ...options, out: join(dir, "usual") });
  const plain = await trainStudent({ ...options, objective: "rd4ad", out: join(dir, "plain") });
  assert.is((await readBundle(usual.bundle)).manifest.training?.objective, "hard-positions");
  assert.is((await readBundle(plain.bundle)).manifest.training?.objective, "rd4ad");
});

test.run();
