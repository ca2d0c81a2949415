import * as assert from "uvu/assert";
import { channelAffine, channelNorm } from "../../models/graph/channel-norm.js";
import { batchDepthwise } from "../../models/graph/depthwise.js";
import { gelu } from "../../models/graph/gelu.js";
import { differentiate } from "../../models/graph/gradients.js";
import { Graph, type Shape } from "../../models/graph/graph.js";
import * as ops from "../../models/graph/ops.js";
import { winogradConv } from "../../models/graph/winograd.js";
import { batchNorm } from "../../models/network/layers/trained-layers.js";
import { encodeModel } from "../../models/onnx/encode.js";
import { floats, floatsOf, openSession } from "../../models/onnx/session.js";
import { createRandom } from "../../models/random.js";
import { checkGradients } from "../support/check-gradients.js";
import { suite } from "../support/suite.js";

const test = suite("gradients against finite differences");
const map: Shape = ["N", 3, 6, 6];

test("element by element, with broadcasting", async () => {
  await checkGradients([map, [1, 3, 1, 1]], (g, [a, b]) => ops.add(g, a!, b!));
  await checkGradients([map, [1, 3, 1, 1]], (g, [a, b]) => ops.sub(g, b!, a!));
  await checkGradients([map, map], (g, [a, b]) => ops.mul(g, a!, b!));
  await checkGradients([map, [3, 1, 1]], (g, [a, b]) => ops.mul(g, a!, b!));
  await checkGradients([map, [1, 3, 1, 1]], (g, [a, b]) => ops.div(g, a!, b!), { positive: true });
  await checkGradients([map], (g, [a]) => ops.sqrt(g, a!), { positive: true });
  await checkGradients([map], (g, [a]) => ops.relu(g, a!));
  for (const build of [ops.add, ops.sub, ops.mul, ops.div]) {
    // Stretched from 1, of fewer axes, both at once; on either side.
    for (const small of [[1, 3, 1, 6], [6, 1], [3, 1, 1], []]) {
      await checkGradients([map, small], (g, [a, b]) => build(g, a!, b!), { positive: true });
      await checkGradients([small, map], (g, [a, b]) => build(g, a!, b!), { positive: true });
    }
  }
  await checkGradients(
    [
      [3, 1],
      [1, 4],
    ],
    (g, [a, b]) => ops.mul(g, a!, b!),
  );
  await checkGradients([[2, 5]], (g, [a]) => g.node("Exp", [a!], a!.shape));
  await checkGradients([[2, 5]], (g, [a]) => g.node("Log", [a!], a!.shape), { positive: true });
});

test("a value used twice collects both gradients", async () => {
  await checkGradients([map], (g, [a]) => ops.add(g, ops.mul(g, a!, a!), ops.relu(g, a!)));
});

test("reductions, shapes and products", async () => {
  await checkGradients([map], (g, [a]) => ops.reduceSum(g, a!, [1, 2, 3]));
  await checkGradients([map], (g, [a]) => ops.reduceMean(g, a!, [0, 2, 3]));
  await checkGradients([map], (g, [a]) => ops.reduceSumSquare(g, a!, [2, 3]));
  await checkGradients([map, map], (g, [a, b]) => ops.dot(g, a!, b!, 2));
  await checkGradients([[1, 3, "N", 4, 4]], (g, [a]) => ops.dot(g, a!, a!, 2));
  await checkGradients([map], (g, [a]) => ops.reshape(g, a!, ["N", 108]));
  await checkGradients([map], (g, [a]) => ops.transpose(g, a!, [1, 3, 0, 2]));
  await checkGradients([map, ["N", 2, 6, 6]], (g, [a, b]) => ops.concat(g, [a!, b!], 1));
  await checkGradients(
    [
      ["N", 4],
      [4, 3],
    ],
    (g, [a, b]) => ops.matMul(g, a!, b!),
  );
  await checkGradients(
    [
      ["N", 2, 4],
      [4, 3],
    ],
    (g, [a, b]) => ops.matMul(g, a!, b!),
  );
  await checkGradients(
    [
      [2, 4],
      ["N", 4, 3],
    ],
    (g, [a, b]) => ops.matMul(g, a!, b!),
  );
  for (const [transA, transB] of [
    [true, false],
    [false, true],
    [true, true],
  ]) {
    await checkGradients([transA ? [2, 4, 3] : [2, 3, 4], transB ? [5, 4] : [4, 5]], (g, [a, b]) =>
      ops.product(g, a!, b!, { transA: transA!, transB: transB! }),
    );
  }
});

for (const [kernel, stride, padding, size] of [
  [3, 1, 1, 6],
  [3, 2, 1, 6],
  [3, 2, 1, 7],
  [1, 1, 0, 6],
  [1, 2, 0, 6],
  [7, 2, 3, 8],
] as const) {
  for (const out of [4, 40]) {
    test(`convolution ${kernel}x${kernel}, stride ${stride}, of ${size}x${size}, ${out} channels out`, async () => {
      await checkGradients(
        [
          [1, 3, "N", size, size],
          [out, 3, 1, kernel, kernel],
        ],
        (g, [x, w]) => ops.conv(g, x!, w!, null, { stride, padding }),
      );
    });
  }
}

test("3x3 convolution by Winograd's filtering: the plain one's result, and its gradients", async () => {
  const g = new Graph("check");
  const x = g.input("x", "float32", [1, 3, "N", 8, 4]);
  const w = g.input("w", "float32", [5, 3, 3, 3]);
  const plain = ops.conv(g, x, ops.reshape(g, w, [5, 3, 1, 3, 3]), null, { stride: 1, padding: 1 });
  for (const [name, value] of Object.entries({ plain, quick: winogradConv(g, x, w) })) {
    g.output(g.node("Identity", [value], value.shape, { name }));
  }
  const random = createRandom(3);
  const data = (length: number) => Float32Array.from({ length }, () => random.between(-1, 1));
  const session = await openSession(encodeModel(g), { threads: 1 });
  const outputs = await session.run({
    x: floats(data(192), [1, 3, 2, 8, 4]),
    w: floats(data(135), [5, 3, 3, 3]),
  });
  await session.close();
  const expected = floatsOf(outputs.plain);
  const worst = floatsOf(outputs.quick).reduce((most, each, at) => Math.max(most, Math.abs(each - expected[at]!)), 0);
  assert.ok(worst < 1e-5, `apart by ${worst}`);

  await checkGradients(
    [
      [1, 3, "N", 4, 8],
      [4, 3, 3, 3],
    ],
    (graph, [a, b]) => winogradConv(graph, a!, b!),
  );
});

test("depth to space", async () => {
  await checkGradients([["N", 8, 3, 3]], (g, [x]) => ops.depthToSpace(g, x!, 2));
});

test("max pooling, windows overlapping", async () => {
  await checkGradients([["N", 3, 6, 6]], (g, [x]) => ops.maxPool(g, x!, 3, 2, 1), { distinct: true });
});

test("batch norm with the batch's statistics", async () => {
  await checkGradients([[1, 3, "N", 4, 4], [3], [3]], (g, [x, gamma, beta]) => batchNorm(g, x!, gamma!, beta!)[0]);
});

for (const [kernel, height, width] of [
  [7, 8, 8],
  [7, 4, 6],
  [3, 5, 4],
] as const) {
  test(`depthwise convolution ${kernel}x${kernel} of ${height}x${width}`, async () => {
    await checkGradients(
      [
        [1, 3, "N", height, width],
        [3, 1, 1, kernel, kernel],
      ],
      (g, [x, w]) => batchDepthwise(g, x!, w!),
    );
  });
}

test("LayerNorm over channels, its two halves and both at once", async () => {
  const batch: Shape = [1, 4, "N", 3, 5];
  await checkGradients([batch], (g, [x]) => channelNorm(g, x!));
  await checkGradients([batch, [4], [4]], (g, [x, scale, shift]) => channelAffine(g, x!, scale!, shift!));
  await checkGradients([batch, [4], [4]], (g, [x, scale, shift]) =>
    channelAffine(g, channelNorm(g, x!), scale!, shift!),
  );
});

test("GELU by the error function, and a layer scale", async () => {
  await checkGradients([[1, 3, "N", 4, 4]], (g, [x]) => gelu(g, x!));
  await checkGradients(
    [
      [1, 3, "N", 4, 4],
      [3, 1, 1],
    ],
    (g, [x, scale]) => ops.mul(g, x!, ops.reshape(g, scale!, [1, 3, 1, 1, 1])),
  );
});

test("an operator without a derivative is named", () => {
  const g = new Graph("check");
  const x = g.input("x", "float32", [2]);
  const loss = ops.reduceSum(g, g.node("Cos", [x], [2]), [0]);
  assert.throws(() => differentiate(g, loss, [x]), /Cos/);
});

test.run();
