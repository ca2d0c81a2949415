import { type Attribute, type Graph, type Model, type Node, type Tensor, toNumber } from "./check/messages.js";
import type { ExpectedModel } from "./checked-model.js";
import { DATA_TYPE, ModelProto } from "./schema.js";
import { openSession, Tensor as Pixels } from "./session.js";

/** What a network costs, whatever it runs on. */
export interface NetworkCost {
  /** Numbers that the model holds: weights, and the vectors of a memory. */
  readonly parameters: number;
  /**
   * 10^9 floating-point operations for one picture: two for each multiplication of a convolution or matrix product. null: the model has
   * operators whose multiplications cannot be counted.
   */
  readonly gflop: number | null;
}

/** Operators whose multiplications are counted: the positions of the factors among their inputs. */
const PRODUCTS: ReadonlyMap<string, readonly [x: number, weight: number]> = new Map([
  ["Conv", [0, 1]],
  ["FusedConv", [0, 1]],
  ["ConvInteger", [0, 1]],
  ["ConvTranspose", [0, 1]],
  ["MatMul", [0, 1]],
  ["FusedMatMul", [0, 1]],
  ["MatMulInteger", [0, 1]],
  ["Gemm", [0, 1]],
  ["QLinearConv", [0, 3]],
  ["QLinearMatMul", [0, 3]],
  ["QGemm", [0, 3]],
]);
/** Operators that multiply as much, in a way that is not looked into: beside one of them nothing can be said of the whole. */
const OPAQUE = new Set(["Einsum", "If", "Loop", "Scan", "LSTM", "GRU", "RNN", "Attention", "MultiHeadAttention"]);
/** Types of constants that are sizes and conditions, not weights. */
const NO_WEIGHTS: ReadonlySet<number | undefined> = new Set([DATA_TYPE.int64, DATA_TYPE.bool]);

/**
 * What a bundle's model costs, of our making or not. Its products' shapes are those that ONNX Runtime finds for one picture, so that nothing is
 * guessed where a model computes its sizes.
 * @param model of our own making, or checked by `checkedModel`
 */
export async function networkCost(model: Uint8Array, input: ExpectedModel["input"]): Promise<NetworkCost> {
  const decoded = ModelProto.toObject(ModelProto.decode(model)) as Model;
  const graph = decoded.graph ?? {};
  const nodes = graph.node ?? [];
  const parameters = weightsOf(graph).reduce((sum, { dims = [] }) => sum + elements(dims.map(toNumber)), 0);
  if (nodes.some(({ opType = "" }) => OPAQUE.has(opType))) return { parameters, gflop: null };
  const products = nodes.filter(({ opType = "" }) => PRODUCTS.has(opType));
  if (products.length === 0) return { parameters, gflop: 0 };
  const shapes = await shapesIn(decoded, products.flatMap(valuesOf), input);
  const multiplications = products.reduce((sum, node) => sum + multiplicationsOf(node, shapes), 0);
  return { parameters, gflop: (2 * multiplications) / 1e9 };
}

function weightsOf({ node = [], initializer = [] }: Graph): readonly Tensor[] {
  const inNodes = node
    .filter(({ opType }) => opType === "Constant")
    .flatMap(({ attribute = [] }) => attribute.flatMap(({ t }) => (t === undefined ? [] : [t])));
  return [...initializer, ...inNodes].filter(({ dataType }) => !NO_WEIGHTS.has(dataType));
}

/** The names of a product's two factors and of its result. */
function valuesOf({ opType = "", input = [], output = [] }: Node): readonly [x: string, weight: string, y: string] {
  const [x, weight] = PRODUCTS.get(opType)!;
  return [input[x] ?? "", input[weight] ?? "", output[0] ?? ""];
}

/** The shapes of values of a model, of one black picture: the model is run with nothing but these as its outputs. */
async function shapesIn(
  model: Model,
  values: readonly string[],
  { width, height }: ExpectedModel["input"],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const names = [...new Set(values)];
  const probes = names.map((name, index) => ({ opType: "Shape", input: [name], output: [`shape of ${index}`] }));
  const output = probes.map(({ output }) => ({
    name: output[0],
    type: { tensorType: { elemType: DATA_TYPE.int64, shape: { dim: [{ dimParam: "rank" }] } } },
  }));
  const graph = { ...model.graph, node: [...(model.graph?.node ?? []), ...probes], output };
  const session = await openSession(ModelProto.encode({ ...model, graph }).finish());
  try {
    const image = new Pixels("uint8", new Uint8Array(width * height * 3), [1, height, width, 3]);
    const found = await session.run({ image });
    return new Map(
      names.map((name, index) => [name, Array.from(found[`shape of ${index}`]!.data as BigInt64Array, Number)]),
    );
  } finally {
    await session.close();
  }
}

function multiplicationsOf(node: Node, shapes: ReadonlyMap<string, readonly number[]>): number {
  const [x, weight, y] = valuesOf(node).map((name) => shapes.get(name)!) as [number[], number[], number[]];
  const { opType = "" } = node;
  if (opType === "ConvTranspose") return elements(x) * elements(weight.slice(1));
  if (opType.includes("Conv")) return elements(y) * elements(weight.slice(1));
  return elements(y) * (isTransposed(node) ? x.at(-2)! : x.at(-1)!);
}

function isTransposed({ attribute = [] }: Node): boolean {
  const found = attribute.find(({ name }: Attribute) => name === "transA");
  return found?.i !== undefined && toNumber(found.i) !== 0;
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, each) => product * each, 1);
}
