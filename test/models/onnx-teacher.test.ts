import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { CodedError } from "../../errors.js";
import { readBundle } from "../../models/bundle/bundle.js";
import { exportBundle } from "../../models/bundle/export.js";
import { teacherFeatures } from "../../models/bundle/features.js";
import { openTeacher, type TeacherOptions } from "../../models/bundle/teacher.js";
import { CHANNEL_ORDERS } from "../../models/network/backbones/backbone.js";
import { studentParameters } from "../../models/network/parameters.js";
import { readModel } from "../../models/onnx/checked-model.js";
import { floats, floatsOf, openSession, Tensor } from "../../models/onnx/session.js";
import { readRgb } from "../../models/pictures/images.js";
import { createRandom } from "../../models/random.js";
import { initialWeights } from "../../models/training/initial.js";
import { trainStudent } from "../../models/training/train.js";
import { encodeSafetensors } from "../../models/weights/safetensors.js";
import { temporaryFolder } from "../support/config.js";
import {
  floatTensor,
  int,
  ints,
  oddTeacher,
  onnxModel,
  type SomeModel,
  type SomeNode,
} from "../support/onnx-teacher.js";
import { writeGoodPictures } from "../support/small-teacher.js";
import { suite } from "../support/suite.js";

const test = suite("teachers from ONNX");
const dir = temporaryFolder();
const SIZE = { width: 64, height: 64 };

async function written(model: SomeModel, name = "teacher.onnx"): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, onnxModel(model));
  return path;
}

const options = (teacher: string, more: Partial<TeacherOptions> = {}): TeacherOptions => ({
  ...{ arch: "onnx", teacher, taps: ["a", "bb", "c"] },
  ...more,
});

async function refusal(work: Promise<unknown>): Promise<CodedError> {
  const error = await work.then(
    () => new Error("it was accepted"),
    (reason: unknown) => reason,
  );
  if (error instanceof CodedError) return error;
  throw error;
}

for (const channelOrder of CHANNEL_ORDERS) {
  test(`the maps are those that the network itself makes, after the preprocessing that was stated, ${channelOrder}`, async () => {
    const path = await written(oddTeacher());
    const [picture = ""] = [join(await writeGoodPictures(dir, 1), "00.png")];
    const stated = { mean: [10, 20, 30], deviation: [2, 3, 4], scale: 0.5 };
    const taps = await teacherFeatures(options(path, { ...stated, channelOrder }), picture, SIZE);
    assert.equal(
      taps.map(({ name, shape }) => [name, shape]),
      [
        ["a", [1, 6, 16, 16]],
        ["bb", [1, 5, 8, 8]],
        ["c", [1, 9, 4, 4]],
      ],
    );
    const pixels = await readRgb(picture, SIZE);
    const image = Float32Array.from({ length: pixels.length }, (_, at) => {
      const [plane, place] = [Math.floor(at / 4096), at % 4096];
      const channel = channelOrder === "rgb" ? plane : 2 - plane;
      return (pixels[place * 3 + channel]! * stated.scale - stated.mean[channel]!) / stated.deviation[channel]!;
    });
    const whole = oddTeacher();
    const own = { ...whole, nodes: whole.nodes.slice(0, -2), outputs: ["a", "bb", "c"] };
    const session = await openSession(onnxModel(own));
    const outputs = await session.run({ image: floats(image, [1, 3, 64, 64]) });
    await session.close();
    for (const { name, mean, deviation, first, last } of taps) {
      const values = floatsOf(outputs[name]);
      const expected = values.reduce((sum, value) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - expected) ** 2, 0);
      const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-4 * deviation, `${name}: ${a} and ${b}`);
      near(mean, expected);
      near(deviation, Math.sqrt(squares / (values.length - 1)));
      const edges = [...values.slice(0, 4), ...values.slice(-4)];
      for (const [index, value] of [...first, ...last].entries()) near(value, edges[index]!);
    }
  });
}

test("a student and a memory are learned from it, and the bundle says which maps and which preprocessing", async () => {
  const normal = await writeGoodPictures(dir, 12);
  const teacher = await written(oddTeacher());
  const out = join(dir, "trained");
  const trained = await trainStudent({
    ...options(teacher, { scale: 1 / 128 }),
    ...{ normal, out, epochs: 2, size: 64, batch: 4, threads: 1 },
  });
  assert.ok(trained.losses[1]! < trained.losses[0]!);
  assert.ok(trained.memory !== null && trained.memory.pictures > 0);
  const { manifest, modelPath } = await readBundle(out);
  assert.is(manifest.arch, "onnx");
  assert.equal(manifest.network, {
    taps: ["a", "bb", "c"],
    preprocessing: { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225], scale: 1 / 128, order: "rgb" },
  });
  const session = await openSession(await readModel(modelPath, manifest));
  const outputs = await session.run({ image: new Tensor("uint8", new Uint8Array(2 * 64 * 64 * 3), [2, 64, 64, 3]) });
  await session.close();
  assert.equal(outputs.map?.dims, [2, 64, 64]);
  assert.ok(floatsOf(outputs.score).every(Number.isFinite));
});

test("export takes a student for it, whose tensors follow from its channels", async () => {
  const teacher = await written(oddTeacher());
  const { backbone } = await openTeacher(options(teacher), SIZE);
  const student = join(dir, "student.safetensors");
  await writeFile(student, encodeSafetensors(initialWeights(studentParameters(backbone), createRandom(2))));
  const { manifest } = await exportBundle({ ...options(teacher), student, out: join(dir, "exported"), size: 64 });
  assert.is(manifest.arch, "onnx");
});

const relu = (input: string, output: string): SomeNode => ({ opType: "Relu", input: [input], output: [output] });

test("operators that later opsets wrote otherwise mean the same", async () => {
  const pool: SomeNode = {
    opType: "AveragePool",
    input: ["image"],
    output: ["p"],
    attribute: [ints("kernel_shape", 4, 4), ints("strides", 4, 4)],
  };
  const half = (input: string, output: string): SomeNode => ({
    ...{ opType: "AveragePool", input: [input], output: [output] },
    attribute: [ints("kernel_shape", 2, 2), ints("strides", 2, 2)],
  });
  const axes = { name: "axes", dims: [1], dataType: 7, int64Data: [1] };
  const cases: readonly [opset: number, nodes: readonly SomeNode[], value: (mean: number) => number][] = [
    [
      18,
      [{ opType: "ReduceMean", input: ["p", "axes"], output: ["a"], attribute: [int("keepdims", 1)] }],
      (mean) => mean,
    ],
    [11, [{ opType: "ReduceSum", input: ["p"], output: ["a"], attribute: [ints("axes", 1)] }], (mean) => 3 * mean],
    [20, [{ opType: "Gelu", input: ["p"], output: ["a"] }], () => 0.5 * 1.682689492137086],
    [
      9,
      [
        {
          opType: "Slice",
          input: ["p"],
          output: ["a"],
          attribute: [ints("axes", 1), ints("starts", 1), ints("ends", 2)],
        },
      ],
      (mean) => mean,
    ],
    [16, [{ opType: "Cast", input: ["p"], output: ["h"], attribute: [int("to", 10)] }, relu("h", "a")], (mean) => mean],
  ];
  const picture = join(dir, "white.png");
  const { writePng } = await import("../../models/pictures/images.js");
  await writePng(picture, new Uint8Array(64 * 64 * 3).fill(255), SIZE, 3);
  for (const [opset, nodes, value] of cases) {
    const all = [pool, ...nodes, half("a", "bb"), half("bb", "c")];
    const path = await written({ nodes: all, initializer: [axes], outputs: ["a", "bb", "c"], opset });
    const [a] = await teacherFeatures(options(path, { mean: [0, 0, 0], deviation: [1, 1, 1] }), picture, SIZE);
    assert.ok(Math.abs(a!.first[0]! - value(1)) < 1e-5, `${nodes[0]!.opType} of opset ${opset}: ${a!.first[0]}`);
  }
});

test("what cannot be a teacher is refused in words, with what it has and what is wanted", async () => {
  const odd = oddTeacher();
  const nodes = (...more: SomeNode[]): SomeModel => ({ ...odd, nodes: [...odd.nodes, ...more] });
  const cases: readonly [says: string, model: SomeModel, taps?: readonly string[]][] = [
    ['makes no "nothing"; its outputs are a, bb, c, classes', odd, ["a", "bb", "nothing"]],
    ["at strides 4, 4, 16", nodes(relu("a", "again")), ["a", "again", "c"]],
    ["at strides 16, 8, 4", odd, ["c", "bb", "a"]],
    ["cannot run", odd, ["a", "bb", "flat"]],
    ["its image is [?, 64, 64, 3]", { ...odd, image: ["n", 64, 64, 3] }],
    ["of type 2", { ...odd, imageType: 2 }],
    ["opset 3", { ...odd, opset: 3 }],
    ["opset 99", { ...odd, opset: 99 }],
    ["operator NonZero", nodes({ opType: "NonZero", input: ["a"], output: ["z"] }), ["a", "bb", "z"]],
    ["operator Softmax of opset 9", nodes({ opType: "Softmax", input: ["a"], output: ["s"] }), ["s", "bb", "c"]],
    ["x, y", nodes({ opType: "Add", input: ["x", "y"], output: ["z"] }), ["a", "bb", "z"]],
    ["(image, late)", nodes(relu("late", "z"), relu("a", "late")), ["z", "bb", "c"]],
  ];
  for (const [says, model, taps] of cases) {
    const path = await written(model, "unfit.onnx");
    const error = await refusal(openTeacher(options(path, taps === undefined ? {} : { taps }), SIZE));
    assert.is(error.code, "TEACHER_UNFIT", error.message);
    assert.is(error.at, path);
    assert.match(error.message, says);
  }
  const fixed = nodes({ opType: "Reshape", input: ["c", "one"], output: ["z"] });
  const one = { name: "one", dims: [4], dataType: 7, int64Data: [1, 9, 4, 4] };
  const single = await written({ ...fixed, initializer: [...odd.initializer, one] }, "single.onnx");
  assert.match(
    (await refusal(openTeacher(options(single, { taps: ["a", "bb", "z"] }), SIZE))).message,
    "[2, 3, 64, 64]",
  );
});

test("a hostile ONNX teacher is refused by the checks that bundles go through", async () => {
  const odd = oddTeacher();
  const code = async (model: SomeModel, taps = ["a", "bb", "z"]) =>
    (await refusal(openTeacher(options(await written(model, "hostile.onnx"), { taps }), SIZE))).code;
  const opened: SomeNode = { opType: "EPContext", domain: "com.microsoft", input: ["a"], output: ["z"] };
  assert.is(await code({ ...odd, nodes: [...odd.nodes, opened] }), "MODEL_OPERATOR_REFUSED");
  const outside = { ...floatTensor("w3", [9, 5, 3, 3]), externalData: [new Uint8Array(3)], dataLocation: 1 };
  assert.is(
    await code({ ...odd, initializer: [...odd.initializer.slice(0, -2), outside] }, ["a", "bb", "c"]),
    "MODEL_EXTERNAL_DATA",
  );
  const short = { name: "w3", dims: [9, 5, 3, 3], dataType: 1, floatData: [1] };
  assert.is(
    await code({ ...odd, initializer: [...odd.initializer.slice(0, -2), short] }, ["a", "bb", "c"]),
    "MODEL_TENSOR_INVALID",
  );
  const path = join(dir, "text.onnx");
  await writeFile(path, "no model");
  assert.is((await refusal(openTeacher(options(path), SIZE))).code, "MODEL_UNREADABLE");
  const nan = { name: "v", dims: [6], dataType: 1, floatData: [1, 1, Number.NaN, 1, 1, 1] };
  const broken = { ...odd, initializer: odd.initializer.map((each, at) => (at === 5 ? nan : each)) };
  assert.is(await code(broken, ["a", "bb", "c"]), "WEIGHTS_NOT_FINITE");
});

test("options that go with another kind of teacher are refused by their names", async () => {
  const path = await written(oddTeacher());
  const wrong: readonly [string, TeacherOptions][] = [
    ["taps", { arch: "resnet18", teacher: path, taps: ["a", "b", "c"] }],
    ["scale", { arch: "resnet18", teacher: path, scale: 1 }],
    ["channel-order", { arch: "resnet18", teacher: path, channelOrder: "bgr" }],
    ["variant", options(path, { variant: "study" })],
    ["taps", { arch: "onnx", teacher: path }],
    ["taps", options(path, { taps: ["a", "a", "c"] })],
    ["mean", options(path, { mean: [1, 2] })],
    ["deviation", options(path, { deviation: [1, 0, 1] })],
    ["scale", options(path, { scale: 0 })],
  ];
  for (const [at, each] of wrong) {
    const error = await refusal(openTeacher(each, SIZE));
    assert.equal([error.code, error.at], ["OPTION_INVALID", at]);
  }
});

test.run();
