import * as assert from "uvu/assert";
import { differentiate } from "../../models/graph/gradients.js";
import { Graph } from "../../models/graph/graph.js";
import { mul, reduceSum } from "../../models/graph/ops.js";
import { convNextBlock, convnext } from "../../models/network/backbones/convnext.js";
import { DeclaredLayers } from "../../models/network/layers/declared-layers.js";
import { FoldedLayers } from "../../models/network/layers/folded-layers.js";
import type { MirroredLayers } from "../../models/network/layers/layers.js";
import { TrainedConvNextLayers } from "../../models/network/layers/trained-convnext-layers.js";
import { studentParameters, teacherParameters } from "../../models/network/parameters.js";
import { teacherGraph } from "../../models/network/rd.js";
import { taught } from "../../models/network/student.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { type Feeds, floats, floatsOf, openSession, Tensor } from "../../models/onnx/session.js";
import { createRandom } from "../../models/random.js";
import { initialWeights } from "../../models/training/initial.js";
import { stepGraph } from "../../models/training/step.js";
import { openStepper } from "../../models/training/stepper.js";
import type { Weights } from "../../models/weights/weights.js";
import { formulaWeights } from "../support/formula.js";
import { suite } from "../support/suite.js";

const backbone = convnext("convnext_tiny", { channels: 4, variant: "study" });
const size = { width: 64, height: 64 };
const IMAGES = 4;
const SHAPES = backbone.scales.map(({ channels, stride }) => [IMAGES, channels, 64 / stride, 64 / stride]);

const test = suite("a student that mirrors a ConvNeXt");

/** The teacher's maps of four pictures, as a training step takes them. */
let features: Feeds = {};
test.before(async () => {
  const teacher = formulaWeights(teacherParameters(backbone), "teacher.");
  const session = await openSession(encodeModel(teacherGraph(backbone, teacher, size)), { threads: 1 });
  const random = createRandom(4);
  const pixels = Uint8Array.from({ length: IMAGES * 64 * 64 * 3 }, () => Math.floor(random.next() * 256));
  const maps = await session.run({ image: new Tensor("uint8", pixels, [IMAGES, 64, 64, 3]) });
  await session.close();
  features = Object.fromEntries(SHAPES.map((shape, at) => [`f${at + 1}`, floats(floatsOf(maps[`f${at + 1}`]), shape)]));
});

test("it learns: the loss falls by half within a few steps", async () => {
  const start = { step: 0, tensors: initialWeights(studentParameters(backbone), createRandom(1)) };
  const stepper = await openStepper(stepGraph(backbone, size, "rd4ad"), start, { threads: 1 });
  const losses: number[] = [];
  for (let step = 0; step < 25; step += 1) losses.push((await stepper.step(features)).loss);
  await stepper.close();
  assert.ok(losses.at(-1)! < 0.5 * losses[0]!, `${losses[0]} to ${losses.at(-1)}`);
});

test("frozen it restores what it restored in training: both have the same loss", async () => {
  const weights = formulaWeights(studentParameters(backbone), "");
  const stepper = await openStepper(stepGraph(backbone, size, "rd4ad"), { step: 0, tensors: weights }, { threads: 1 });
  const { loss: trained } = await stepper.step(features);
  await stepper.close();
  const frozen = await frozenLoss(weights);
  assert.ok(Math.abs(trained - frozen) < 1e-5, `${trained} and ${frozen}`);
});

/** The sum over scales of 1 - cosine of the flattened maps, averaged over the pictures. */
async function frozenLoss(weights: Weights): Promise<number> {
  const g = new Graph("student");
  const [f1, f2, f3] = SHAPES.map((shape, at) => g.input(`f${at + 1}`, "float32", ["N", ...shape.slice(1)]));
  taught(new FoldedLayers(g, weights), backbone, [f1!, f2!, f3!]).restored.forEach((value, at) => {
    g.output(g.node("Identity", [value], value.shape, { name: `s${at + 1}` }));
  });
  const session = await openSession(encodeModel(g), { threads: 1 });
  const restored = await session.run(features);
  await session.close();
  return SHAPES.flatMap((shape, at) => {
    assert.equal(restored[`s${at + 1}`]?.dims, shape);
    const [teacher, student] = [floatsOf(features[`f${at + 1}`]), floatsOf(restored[`s${at + 1}`])];
    const each = teacher.length / IMAGES;
    return Array.from({ length: IMAGES }, (_, image) => {
      const part = (values: Float32Array) => values.subarray(image * each, (image + 1) * each);
      const [a, b] = [part(teacher), part(student)];
      const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, index) => sum + value * y[index]!, 0);
      return (1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))) / IMAGES;
    });
  }).reduce((sum, part) => sum + part, 0);
}

test("every kind of tensor has the gradient that finite differences give", async () => {
  const shape = [1, 3, "N", 8, 8];
  const build = (layers: MirroredLayers, x: Parameters<MirroredLayers["add"]>[0]) => {
    const halved = layers.patches(x, "down.1", { out: 4, side: 2, norm: "down.0" });
    const mixed = convNextBlock(layers, halved, { prefix: "block", channels: 4, edges: "zeros" });
    return layers.enlarge(layers.layerNorm(mixed, "up.0"), "up.1", 2);
  };
  const declared = new DeclaredLayers();
  build(declared, declared.input(["N", 3, 8, 8]));
  const weights = formulaWeights(declared.parameters, "");
  const g = new Graph("check");
  const layers = new TrainedConvNextLayers(g);
  const y = build(layers, g.input("x", "float32", shape));
  const loss = reduceSum(g, mul(g, y, g.input("share", "float32", y.shape)), [0, 1, 2, 3, 4]);
  const wanted = [...layers.trained];
  assert.equal(new Set(wanted.map(([name]) => name)), new Set(weights.keys()));
  g.output(g.node("Identity", [loss], loss.shape, { name: "loss" }));
  differentiate(g, loss, [...layers.trained.values()]).forEach((gradient, at) => {
    g.output(g.node("Identity", [gradient], gradient.shape, { name: `d:${wanted[at]![0]}` }));
  });
  const random = createRandom(2);
  const numbers = (length: number) => Float32Array.from({ length }, () => random.between(-1, 1));
  const feeds: Feeds = {
    x: floats(numbers(2 * 3 * 64), [1, 3, 2, 8, 8]),
    share: floats(numbers(2 * 2 * 64), [1, 2, 2, 8, 8]),
    ...Object.fromEntries([...weights].map(([name, { data, shape: dims }]) => [name, floats(data, dims)])),
  };
  const session = await openSession(encodeModel(g), { threads: 1 });
  const analytic = await session.run(feeds);
  const lossNow = async () => floatsOf((await session.run(feeds)).loss)[0]!;
  const STEP = 1e-2;
  for (const [name, { data }] of weights) {
    const gradient = floatsOf(analytic[`d:${name}`]);
    const scale = Math.max(...gradient.map(Math.abs));
    assert.ok(scale > 0, `${name} takes no part`);
    for (const at of new Set([0, data.length >> 1, data.length - 1])) {
      const before = data[at]!;
      data[at] = before + STEP;
      const above = await lossNow();
      data[at] = before - STEP;
      const numeric = (above - (await lossNow())) / (2 * STEP);
      data[at] = before;
      assert.ok(Math.abs(numeric - gradient[at]!) <= 0.02 * scale, `${name} ${at}: ${gradient[at]}, not ${numeric}`);
    }
  }
  await session.close();
});

test.run();
