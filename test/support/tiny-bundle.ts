import { createHash } from "node:crypto";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import protobuf from "protobufjs";

/** The few fields of onnx.proto3 that the tiny model needs (github.com/onnx/onnx, onnx/onnx.proto). */
const onnx = protobuf
  .parse(
    `
  syntax = "proto3"; package onnx;
  message AttributeProto { string name = 1; int64 i = 3; repeated int64 ints = 8; int32 type = 20; }
  message NodeProto { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated AttributeProto attribute = 5; }
  message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
  message TensorShapeProto { repeated Dimension dim = 1; }
  message Tensor { int32 elem_type = 1; TensorShapeProto shape = 2; }
  message TypeProto { Tensor tensor_type = 1; }
  message ValueInfoProto { string name = 1; TypeProto type = 2; }
  message GraphProto { repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5; repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12; }
  message OperatorSetIdProto { string domain = 1; int64 version = 2; }
  message ModelProto { int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8; }
`,
    { keepCase: true },
  )
  .root.lookupType("onnx.ModelProto");

const INT = 2;
const INTS = 7;
const FLOAT = 1;
const UINT8 = 2;

const value = (name: string, type: number, dims: readonly (number | string)[]) => ({
  name,
  type: {
    tensor_type: {
      elem_type: type,
      shape: { dim: dims.map((dim) => (typeof dim === "number" ? { dim_value: dim } : { dim_param: dim })) },
    },
  },
});

export interface TinyBundleOptions {
  readonly width?: number;
  readonly height?: number;
  readonly threshold?: number;
  readonly name?: string;
  /** A black frame's score is then NaN (0 / 0), any other's 1. */
  readonly nanOnBlack?: boolean;
}

/** The tiny model: its map is the mean over the channels / 255, its score the map's maximum. */
export function tinyModel({ width = 16, height = 16, nanOnBlack = false }: TinyBundleOptions = {}): Uint8Array {
  const scale = Buffer.alloc(4);
  scale.writeFloatLE(255);
  const axes = (...ints: number[]) => ({ name: "axes", type: INTS, ints });
  const keepdims = { name: "keepdims", type: INT, i: 0 };
  const node = (op_type: string, input: string[], output: string[], attribute: object[] = []) => ({
    op_type,
    input,
    output,
    attribute,
  });
  return onnx
    .encode(
      onnx.fromObject({
        ir_version: 8,
        producer_name: "retort-test",
        opset_import: [{ domain: "", version: 17 }],
        graph: {
          name: "tiny",
          node: [
            node("Cast", ["image"], ["float"], [{ name: "to", type: INT, i: FLOAT }]),
            node("ReduceMean", ["float"], ["mean"], [axes(3), keepdims]),
            node("Div", ["mean", nanOnBlack ? "mean" : "scale"], ["map"]),
            node("ReduceMax", ["map"], ["score"], [axes(1, 2), keepdims]),
          ],
          initializer: [{ name: "scale", data_type: FLOAT, dims: [], raw_data: scale }],
          input: [value("image", UINT8, ["N", height, width, 3])],
          output: [value("score", FLOAT, ["N"]), value("map", FLOAT, ["N", height, width])],
        },
      }),
    )
    .finish();
}

/** Writes the tiny model as a bundle into `dir`, or a new temporary folder, and yields the folder. */
export async function writeTinyBundle(options: TinyBundleOptions = {}, dir?: string): Promise<string> {
  const folder = dir ?? (await mkdtemp(join(tmpdir(), "retort-tiny-")));
  await mkdir(folder, { recursive: true });
  const { width = 16, height = 16, threshold = 0.5, name = "tiny" } = options;
  const model = tinyModel(options);
  const manifest = {
    name,
    version: "1.0.0",
    arch: "resnet18",
    input: { width, height },
    threshold,
    calibration: { rule: "fixed for tests", images: 0 },
    sha256: createHash("sha256").update(model).digest("hex"),
    training: { images: 0, epochs: 0, seed: 0, teacherSha256: "0".repeat(64) },
    created: "2025-01-01T00:00:00.000Z",
  };
  await writeFile(join(folder, "model.onnx"), model);
  await writeFile(join(folder, "model.json"), JSON.stringify(manifest, null, 2));
  return folder;
}
