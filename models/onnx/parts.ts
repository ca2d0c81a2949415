import { type Attribute, type Model, type Node, type Tensor, toNumber, type Value } from "./check/messages.js";
import { ATTRIBUTE_TYPE, DATA_TYPE, ModelProto, NARROW_TYPE } from "./schema.js";

/** A model taken apart into what changes to it are made of: its nodes in topological order, its constants by name. */
export interface Parts {
  readonly model: Model;
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** @param bytes of a model of our own making, or checked by readModel */
export function takeApart(bytes: Uint8Array): Parts {
  const model = ModelProto.toObject(ModelProto.decode(bytes)) as Model;
  const { node = [], initializer = [], input = [], output = [] } = model.graph ?? {};
  const constants = new Map(initializer.map((tensor) => [tensor.name ?? "", tensor]));
  return { model, nodes: node, constants, inputs: input, outputs: output };
}

/** The bytes of the model of these parts; constants that no node takes are left out. */
export function assemble({ model, nodes, constants, inputs, outputs }: Parts): Uint8Array {
  const used = new Set(nodes.flatMap(({ input = [] }) => input));
  const initializer = [...constants.values()].filter(({ name = "" }) => used.has(name));
  return ModelProto.encode({
    ...model,
    graph: { ...model.graph, node: nodes, initializer, input: inputs, output: outputs },
  }).finish();
}

/** The version of ONNX's own operators that a model is written in; 0 if it does not say. */
export function opsetOf({ model }: Parts): number {
  const own = model.opsetImport?.find(({ domain = "" }) => domain === "" || domain === "ai.onnx");
  return own?.version === undefined ? 0 : toNumber(own.version);
}

/** The nodes that take each value. */
export function consumersIn({ nodes }: Pick<Parts, "nodes">): ReadonlyMap<string, readonly Node[]> {
  const consumers = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const name of new Set(node.input ?? [])) consumers.set(name, [...(consumers.get(name) ?? []), node]);
  }
  return consumers;
}

/** A value as an output of the model, float32, of whatever shape the runtime finds. */
export const floatOutput = (name: string): Value => ({ name, type: { tensorType: { elemType: DATA_TYPE.float32 } } });

export function nodeOf(
  opType: string,
  input: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number | readonly number[]>> = {},
): Node {
  const attribute = Object.entries(attributes).map(([name, value]): Attribute => {
    if (typeof value === "number") return { name, type: ATTRIBUTE_TYPE.int, i: value };
    return { name, type: ATTRIBUTE_TYPE.ints, ints: value };
  });
  return { name: `${opType}:${output}`, opType, input, output: [output], attribute };
}

type Numbers = Float32Array | BigInt64Array | Uint8Array | Int8Array | Int32Array;

/** A constant of the type of `data`. */
export function tensorOf(name: string, data: Numbers, dims: readonly number[]): Tensor {
  return { name, dims, dataType: typeOf(data), rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function typeOf(data: Numbers): number {
  if (data instanceof Float32Array) return DATA_TYPE.float32;
  if (data instanceof BigInt64Array) return DATA_TYPE.int64;
  if (data instanceof Uint8Array) return DATA_TYPE.uint8;
  return data instanceof Int8Array ? NARROW_TYPE.int8 : NARROW_TYPE.int32;
}

/** The numbers of a float32 constant; null for another type. */
export function floatsIn({ dataType, rawData, floatData }: Tensor): Float32Array | null {
  if (dataType !== DATA_TYPE.float32) return null;
  if (rawData === undefined) return Float32Array.from(floatData ?? []);
  // protobufjs yields Buffers, whose slice is no copy: the numbers may begin anywhere in the file.
  return new Float32Array(new Uint8Array(rawData).buffer);
}

/** A node's attribute that holds whole numbers, or one; `none` where it is absent. */
export function integersOf(node: Node, name: string, none: readonly number[]): readonly number[] {
  const found = (node.attribute ?? []).find((attribute) => attribute.name === name);
  if (found === undefined) return none;
  return found.i === undefined ? (found.ints ?? []).map(toNumber) : [toNumber(found.i)];
}
