import protobuf from "protobufjs";
import type { Attribute, DataType, Graph, Node, Value } from "./graph.js";

/**
 * Writes a {@link Graph} as an ONNX model, and reads what we need of one back (the part of onnx.proto that we use;
 * field numbers from onnx/onnx.proto, IR version 8).
 */
const SCHEMA = protobuf
  .parse(`
  syntax = "proto2";
  message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
  message TensorProto { repeated int64 dims = 1; optional int32 data_type = 2; optional string name = 8; optional bytes raw_data = 9; }
  message AttributeProto {
    optional string name = 1; optional float f = 2; optional int64 i = 3; optional bytes s = 4;
    repeated float floats = 7; repeated int64 ints = 8; optional int32 type = 20;
  }
  message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
  message TensorShapeProto { repeated Dimension dim = 1; }
  message TensorTypeProto { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
  message TypeProto { optional TensorTypeProto tensor_type = 1; }
  message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; }
  message NodeProto {
    repeated string input = 1; repeated string output = 2; optional string name = 3; optional string op_type = 4;
    repeated AttributeProto attribute = 5; optional string domain = 7;
  }
  message GraphProto {
    repeated NodeProto node = 1; optional string name = 2; repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
  }
  message ModelProto {
    optional int64 ir_version = 1; optional string producer_name = 2; optional GraphProto graph = 7;
    repeated OperatorSetIdProto opset_import = 8;
  }
`)
  .root.lookupType("ModelProto");

const IR_VERSION = 8;
/** The last opset whose ReduceMean and ReduceMax take their axes as attributes; every provider we target reads it. */
const OPSET = 17;

/** TensorProto.DataType. */
const DATA_TYPE: Readonly<Record<DataType, number>> = { float32: 1, uint8: 2, int64: 7, bool: 9 };
/** AttributeProto.AttributeType. */
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const;

/** The bytes of the ONNX model for `graph`. */
export function encodeModel(graph: Graph): Uint8Array {
  const nodes = graph.flatNodes();
  const domains = new Set(nodes.map((node) => node.domain));
  return SCHEMA.encode({
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
