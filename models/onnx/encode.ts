import type { Attribute, Graph, Node, Value } from "../graph/graph.js";
import { ATTRIBUTE_TYPE, DATA_TYPE, ModelProto } from "./schema.js";

const IR_VERSION = 8;
/** The last opset whose ReduceMean and ReduceMax take their axes as attributes; every provider we target reads it. */
const OPSET = 17;

/** The bytes of the ONNX model for `graph`, IR version 8. */
export function encodeModel(graph: Graph): Uint8Array {
  const nodes = graph.flatNodes();
  const domains = new Set(nodes.map((node) => node.domain));
  return ModelProto.encode({
    irVersion: IR_VERSION,
    producerName: "retort",
    opsetImport: [
      { domain: "", version: OPSET },
      ...[...domains].filter((domain) => domain !== "").map((domain) => ({ domain, version: 1 })),
    ],
    graph: {
      name: graph.name,
      node: nodes.map(encodeNode),
      initializer: [...graph.constants.values()].map(({ value, data }) => ({
        name: value.name,
        dims: value.shape,
        dataType: DATA_TYPE[value.type],
        rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })),
      input: graph.inputs.map(encodeValue),
      output: graph.outputs.map(encodeValue),
    },
  }).finish();
}

function encodeNode(node: Node, index: number): object {
  return {
    name: `${node.op}_${index}`,
    opType: node.op,
    domain: node.domain,
    input: node.inputs.map((value) => value.name),
    output: node.outputs.map((value) => value.name),
    attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value)),
  };
}

function encodeAttribute(name: string, value: Attribute): object {
  if (typeof value === "number") return { name, type: ATTRIBUTE_TYPE.int, i: value };
  if (typeof value === "string") return { name, type: ATTRIBUTE_TYPE.string, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
  return { name, type: ATTRIBUTE_TYPE.ints, ints: value };
}

function encodeValue(value: Value): object {
  return {
    name: value.name,
    type: {
      tensorType: {
        elemType: DATA_TYPE[value.type],
        shape: { dim: value.shape.map((dim) => (typeof dim === "number" ? { dimValue: dim } : { dimParam: dim })) },
      },
    },
  };
}
