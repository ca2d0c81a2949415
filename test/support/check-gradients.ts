import * as assert from "uvu/assert";
import { differentiate } from "../../models/graph/gradients.js";
import { Graph, type Shape, type Value } from "../../models/graph/graph.js";
import * as ops from "../../models/graph/ops.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { floats, floatsOf, openSession } from "../../models/onnx/session.js";
import { createRandom } from "../../models/random.js";

/**
 * Every derivative against central differences: loss = sum(f(inputs) * fixed weights), so each output counts differently.
 * float32 forward passes: a step of 1e-2 and a tolerance of 2 % of the gradient's scale separate wrong from rounded.
 */
const STEP = 1e-2;
const TOLERANCE = 0.02;

export type Build = (g: Graph, inputs: readonly Value[]) => Value;

export async function checkGradients(
  shapes: readonly Shape[],
  build: Build,
  options: { positive?: boolean; distinct?: boolean } = {},
): Promise<void> {
  const images = 2;
  const random = createRandom(5);
  const sizes = shapes.map((shape) => shape.map((dim) => (typeof dim === "number" ? dim : images)));
  const data = sizes.map((shape) =>
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () =>
      // Away from the kinks of Relu and Sqrt.
      options.positive ? random.between(0.5, 2) : (random.next() < 0.5 ? -1 : 1) * random.between(0.2, 1),
    ),
  );
  // Maxima must not change hands within a step of the differences.
  if (options.distinct)
    data.forEach((each) => void each.set(random.shuffle(Array.from(each, (_, at) => at * 3 * STEP))));
  const g = new Graph("check");
  const inputs = shapes.map((shape, index) => g.input(`x${index}`, "float32", shape));
  const y = build(g, inputs);
  const weights = g.input("weights", "float32", y.shape);
  const axes = y.shape.map((_, axis) => axis);
  const loss = ops.reduceSum(g, ops.mul(g, y, weights), axes);
  g.output(g.node("Identity", [loss], loss.shape, { name: "loss" }));
  differentiate(g, loss, inputs).forEach((gradient, index) => {
    assert.equal(gradient.shape, shapes[index], `shape of gradient ${index}`);
    g.output(g.node("Identity", [gradient], gradient.shape, { name: `d${index}` }));
  });
  const ySize = y.shape.map((dim) => (typeof dim === "number" ? dim : images));
  const yWeights = Float32Array.from({ length: ySize.reduce((a, b) => a * b, 1) }, () => random.between(-1, 1));

  const session = await openSession(encodeModel(g), { threads: 1 });
  const run = () =>
    session.run({
      weights: floats(yWeights, ySize),
      ...Object.fromEntries(data.map((each, index) => [`x${index}`, floats(each, sizes[index]!)])),
    });
  const analytic = await run();
  for (const [index, values] of data.entries()) {
    const gradient = floatsOf(analytic[`d${index}`]);
    const scale = Math.max(...gradient.map(Math.abs), 1e-3);
    const stride = Math.max(1, Math.floor(values.length / 23));
    for (let at = 0; at < values.length; at += stride) {
      const before = values[at]!;
      values[at] = before + STEP;
      const above = floatsOf((await run()).loss)[0]!;
      values[at] = before - STEP;
      const below = floatsOf((await run()).loss)[0]!;
      values[at] = before;
      const numeric = (above - below) / (2 * STEP);
      assert.ok(
        Math.abs(numeric - gradient[at]!) <= TOLERANCE * scale,
        `input ${index}, element ${at}: ${gradient[at]} against ${numeric} by differences`,
      );
    }
  }
  await session.close();
}
