import { ModelProto } from "../../models/onnx/schema.js";
import { createRandom } from "../../models/random.js";

// Small ONNX networks as others write them.

export interface SomeNode {
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute?: readonly object[];
  readonly domain?: string;
}

export const ints = (name: string, ...values: number[]) => ({ name, type: 7, ints: values });
export const int = (name: string, i: number) => ({ name, type: 2, i });
export const float = (name: string, f: number) => ({ name, type: 1, f });

export function floatTensor(name: string, dims: readonly number[]): object {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const random = createRandom(count + name.length);
  return { name, dims, dataType: 1, floatData: Array.from({ length: count }, () => 0.6 * random.normal()) };
}

export interface SomeModel {
  readonly nodes: readonly SomeNode[];
  readonly initializer: readonly object[];
  readonly outputs: readonly string[];
  readonly opset?: number;
  readonly image?: readonly (number | string)[];
  readonly imageType?: number;
}

export function onnxModel({
  nodes,
  initializer,
  outputs,
  opset = 13,
  image = ["n", 3, "h", "w"],
  imageType = 1,
}: SomeModel): Uint8Array {
  const dim = image.map((each) => (typeof each === "number" ? { dimValue: each } : { dimParam: each }));
  return ModelProto.encode({
    irVersion: 8,
    producerName: "somebody",
    opsetImport: [{ domain: "", version: opset }],
    graph: {
      name: "net",
      node: nodes,
      initializer,
      input: [{ name: "image", type: { tensorType: { elemType: imageType, shape: { dim } } } }],
      output: outputs.map((name) => ({ name, type: { tensorType: { elemType: 1 } } })),
    },
  }).finish();
}

const conv = (input: string, weight: string, output: string, stride: number): SomeNode => ({
  ...{ opType: "Conv", input: [input, weight], output: [output] },
  attribute: [ints("kernel_shape", 3, 3), ints("pads", 1, 1, 1, 1), ints("strides", stride, stride)],
});

/**
 * A network of maps a, b, c with 6, 5 and 9 channels at strides 4, 8 and 16, whose names are those that our own graphs give, and a classifier
 * behind them that runs at one size only.
 */
export function oddTeacher(): SomeModel {
  return {
    nodes: [
      conv("image", "conv1.weight", "Conv:1", 2),
      { opType: "Clip", input: ["Conv:1"], output: ["f1"], attribute: [float("min", 0), float("max", 6)] },
      conv("f1", "scalar:1", "teacher1", 2),
      {
        opType: "BatchNormalization",
        input: ["teacher1", "g", "b", "m", "v"],
        output: ["score"],
        attribute: [float("epsilon", 1e-3)],
      },
      { opType: "Dropout", input: ["score"], output: ["a"], attribute: [float("ratio", 0.5)] },
      { opType: "Relu", input: ["a"], output: ["map"] },
      conv("map", "w2", "b1", 2),
      {
        opType: "Constant",
        input: [],
        output: ["half"],
        attribute: [{ name: "value", type: 4, t: { dims: [], dataType: 1, floatData: [0.5] } }],
      },
      { opType: "Mul", input: ["b1", "half"], output: ["bb"] },
      conv("bb", "w3", "c", 2),
      { opType: "Reshape", input: ["c", "fixed"], output: ["flat"] },
      { opType: "Softmax", input: ["flat"], output: ["classes"] },
    ],
    initializer: [
      floatTensor("conv1.weight", [4, 3, 3, 3]),
      floatTensor("scalar:1", [6, 4, 3, 3]),
      ...["g", "b", "m"].map((name) => floatTensor(name, [6])),
      { name: "v", dims: [6], dataType: 1, floatData: [1, 2, 3, 1, 2, 3] },
      floatTensor("w2", [5, 6, 3, 3]),
      floatTensor("w3", [9, 5, 3, 3]),
      { name: "fixed", dims: [2], dataType: 7, int64Data: [1, 1764] },
    ],
    outputs: ["a", "bb", "c", "classes"],
    opset: 9,
  };
}
