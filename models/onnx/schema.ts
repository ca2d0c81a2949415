import protobuf from "protobufjs";

/**
 * ONNX's messages: the part of onnx/onnx.proto that a model may be made of, of ours or from outside. Of a message's other fields,
 * those declared here as plain bytes are refused by name; the rest is unknown, and left out when the model is encoded anew.
 */
export const ModelProto = protobuf
  .parse(`
  syntax = "proto2";
  message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
  message TensorProto {
    repeated int64 dims = 1; optional int32 data_type = 2; optional bytes segment = 3;
    repeated float float_data = 4 [packed = true]; repeated int32 int32_data = 5 [packed = true]; repeated bytes string_data = 6;
    repeated int64 int64_data = 7 [packed = true]; optional string name = 8; optional bytes raw_data = 9;
    repeated double double_data = 10 [packed = true]; repeated uint64 uint64_data = 11 [packed = true];
    repeated bytes external_data = 13; optional int32 data_location = 14;
  }
  message AttributeProto {
    optional string name = 1; optional float f = 2; optional int64 i = 3; optional bytes s = 4;
    optional TensorProto t = 5; optional bytes g = 6; repeated float floats = 7; repeated int64 ints = 8;
    repeated bytes strings = 9; repeated bytes tensors = 10; repeated bytes graphs = 11; optional bytes tp = 14;
    repeated bytes type_protos = 15; optional int32 type = 20; optional string ref_attr_name = 21;
    optional bytes sparse_tensor = 22; repeated bytes sparse_tensors = 23;
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
    repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12; repeated bytes sparse_initializer = 15;
  }
  message ModelProto {
    optional int64 ir_version = 1; optional string producer_name = 2; optional GraphProto graph = 7;
    repeated OperatorSetIdProto opset_import = 8; repeated bytes training_info = 20; repeated bytes functions = 25;
  }
`)
  .root.lookupType("ModelProto");

/** TensorProto.DataType by the names that graphs use. */
export const DATA_TYPE = { float32: 1, uint8: 2, int64: 7, bool: 9 } as const;

/** TensorProto.DataType of what models in other precisions, and those of others, hold beside those. */
export const NARROW_TYPE = { int8: 3, int32: 6, float16: 10, double: 11 } as const;

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const;

/** Bytes of one element, by TensorProto.DataType; text and complex numbers are not allowed. */
export const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  1: 4, // float
  2: 1, // uint8
  3: 1, // int8
  4: 2, // uint16
  5: 2, // int16
  6: 4, // int32
  7: 8, // int64
  9: 1, // bool
  10: 2, // float16
  11: 8, // double
  12: 4, // uint32
  13: 8, // uint64
  16: 2, // bfloat16
};
