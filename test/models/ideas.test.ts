import { join } from "node:path";
import * as assert from "uvu/assert";
import { readBundle } from "../../models/bundle/bundle.js";
import { differentiate } from "../../models/graph/gradients.js";
import { Graph, type Shape } from "../../models/graph/graph.js";
import type { Backbone } from "../../models/network/backbones/backbone.js";
import { convnext } from "../../models/network/backbones/convnext.js";
import { resnet } from "../../models/network/backbones/resnet.js";
import { IDEAS, type Idea, withIdeas } from "../../models/network/ideas.js";
import { studentParameters, teacherParameters } from "../../models/network/parameters.js";
import { StandardSums } from "../../models/network/standard.js";
import { readModel } from "../../models/onnx/checked-model.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { type Feeds, floats, floatsOf, openSession, Tensor } from "../../models/onnx/session.js";
import { createRandom } from "../../models/random.js";
import { openFeatures, standardOf } from "../../models/training/features.js";
import { ideaFeeds } from "../../models/training/idea-feeds.js";
import { initialWeights } from "../../models/training/initial.js";
import { lossOf } from "../../models/training/losses.js";
import { RECIPE } from "../../models/training/recipe.js";
import { stepGraph } from "../../models/training/step.js";
import { openStepper } from "../../models/training/stepper.js";
import { trainStudent } from "../../models/training/train.js";
import { checkGradients } from "../support/check-gradients.js";
import { temporaryFolder } from "../support/config.js";
import { formulaPicture, formulaWeights } from "../support/formula.js";
import { writeGoodPictures, writeSmallTeacher } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("ideas for the training");
const dir = temporaryFolder();
const size = { width: 64, height: 64 };
const STEPS = 9;
const map: Shape = [1, 3, "N", 4, 4];

test("the loss of the worst places has the gradient that differences show", async () => {
  await checkGradients([map, map], (g, [a, b]) => lossOf(g, [a!, a!, a!], [b!, b!, b!], ["worst-ten"]));
});

/** The gradient of the loss by a student's map, where places count as hard from so many deviations above the mean on. */
async function gradientAt(ideas: readonly Idea[], hardness: number): Promise<readonly number[]> {
  const g = new Graph("gradient");
  const [a, b] = [g.input("a", "float32", map), g.input("b", "float32", map)];
  const loss = lossOf(g, [a, a, a], [b, b, b], ideas);
  const [gradient] = differentiate(g, loss, [b]);
  g.output(g.node("Identity", [gradient!], gradient!.shape, { name: "d" }));
  const session = await openSession(encodeModel(g), { threads: 1 });
  const random = createRandom(2);
  const values = () => floats(Float32Array.from({ length: 3 * 2 * 16 }, random.normal), [1, 3, 2, 4, 4]);
  const feeds: Feeds = { a: values(), b: values() };
  const all = ideas.length === 0 ? feeds : { ...feeds, hardness: floats(Float32Array.of(hardness), []) };
  const { d } = await session.run(all);
  await session.close();
  return [...floatsOf(d)];
}

test("places where the student does well have a tenth of their say in the gradient, hard ones all of it", async () => {
  const plain = await gradientAt([], 0);
  const shares = (await gradientAt(["hard-positions"], 0)).map((each, at) => each / plain[at]!);
  const easy = shares.filter((share) => Math.abs(share - RECIPE.ideas.easyShare) < 1e-3);
  const hard = shares.filter((share) => Math.abs(share - 1) < 1e-3);
  assert.is(easy.length + hard.length, shares.length);
  assert.ok(easy.length > 0 && hard.length > 0, `${easy.length} and ${hard.length}`);
  const allHard = await gradientAt(["hard-positions"], -100);
  assert.ok(allHard.every((each, at) => Math.abs(each - plain[at]!) < 1e-6));
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

const narrow = resnet("resnet18", 4);
const mirrored = convnext("convnext_atto", { channels: 4, variant: "study" });

test("with each idea, and with all at once, a step of either family's student trains: the loss falls", async () => {
  const trained = IDEAS.filter((idea) => idea !== "top-mean");
  const cases = trained.map((idea): [Backbone, readonly Idea[]] => [narrow, [idea]]);
  for (const [plain, ideas] of [...cases, [narrow, IDEAS], [mirrored, IDEAS]] as const) {
    const losses = await lossesOf(withIdeas(plain, ideas), ideas);
    assert.ok(losses.at(-1)! < 0.9 * losses[0]!, `${plain.name}, ${ideas.join(", ")}: ${losses.join(", ")}`);
  }
});

async function lossesOf(backbone: Backbone, ideas: readonly Idea[]): Promise<readonly number[]> {
  const teacher = formulaWeights(teacherParameters(backbone), "teacher.");
  const pixels = [formulaPicture(64), formulaPicture(64).reverse(), formulaPicture(64).map((level) => 255 - level)];
  const features = await openFeatures(backbone, teacher, pixels, size, { threads: 1 });
  const indices = [...pixels.keys()];
  const standard = ideas.includes("standardised") ? await standardOf(features, backbone, indices) : null;
  const graph = stepGraph(backbone, size, ideas);
  const start = { step: 0, tensors: initialWeights(studentParameters(backbone), createRandom(1)) };
  const stepper = await openStepper(graph, start, { threads: 1, feeds: ideaFeeds(graph, { seed: 1, standard }) });
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step += 1) losses.push((await stepper.step(await features.batch(indices))).loss);
  await stepper.close();
  await features.close();
  return losses;
}

test("chance follows from seed and step, so that a training goes on to the same weights", () => {
  const graph = stepGraph(narrow, size, ["dropout", "noise"]);
  const at = (seed: number, step: number) => {
    const feeds = ideaFeeds(graph, { seed, standard: null })(step, 3);
    return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, [...floatsOf(tensor)]]));
  };
  const first = at(1, 5);
  assert.equal(Object.keys(first).sort(), ["drop:embedding", "drop:joined", "noise:1", "noise:2", "noise:3"]);
  assert.equal(at(1, 5), first);
  assert.not.equal(at(1, 6), first);
  assert.not.equal(at(2, 5), first);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mask, noise] = [first["drop:joined"]!, first["noise:1"]!];
  assert.ok(Math.abs(mean(mask) - 1) < 0.05, `${mean(mask)}`);
  assert.ok(Math.abs(mean(noise.map((each) => each ** 2)) / RECIPE.ideas.noise ** 2 - 1) < 0.05);
});

test("a bundle trained with ideas records them, and its score is the mean of its map's highest hundredth", async () => {
  const normal = await writeGoodPictures(dir, 12);
  const ideas: readonly Idea[] = ["standardised", "top-mean"];
  const teacher = await writeSmallTeacher(dir);
  const options = { normal, teacher, arch: "resnet18", epochs: 2, size: 64, batch: 4, seed: 5, threads: 1 };
  const { bundle, losses } = await trainStudent({ ...options, ideas, out: join(dir, "both") });
  assert.ok(losses[1]! < losses[0]!, losses.join(", "));
  const { manifest, modelPath } = await readBundle(bundle);
  assert.equal(manifest.training?.ideas, ideas);
  const session = await openSession(await readModel(modelPath, manifest), { threads: 1 });
  const outputs = await session.run({ image: new Tensor("uint8", formulaPicture(64), [1, 64, 64, 3]) });
  await session.close();
  const highest = [...floatsOf(outputs.map)].sort((a, b) => b - a).slice(0, 41);
  const mean = highest.reduce((sum, each) => sum + each, 0) / highest.length;
  assert.ok(Math.abs(floatsOf(outputs.score)[0]! - mean) < 1e-4);
  const plain = await trainStudent({ ...options, out: join(dir, "plain") });
  assert.is((await readBundle(plain.bundle)).manifest.training?.ideas, undefined);
});

test.run();
