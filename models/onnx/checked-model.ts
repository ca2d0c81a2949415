import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { CodedError, type ErrorCode, messageOf } from "../../errors.js";
import { checkInterface } from "./check/interface.js";
import type { Graph, Model, Refuse, Tensor } from "./check/messages.js";
import { checkNode } from "./check/node.js";
import { OPERATORS } from "./check/operators.js";
import { checkTensor, MOST_BYTES } from "./check/tensor.js";
import { ModelProto } from "./schema.js";

/** The part of a bundle's `model.json` that its model must agree with. */
export interface ExpectedModel {
  readonly sha256: string;
  readonly input: { readonly width: number; readonly height: number };
}

const MOST_NODES = 100_000;

/**
 * The bytes of a bundle's model, fit for a session. The hash is checked, and then everything that ONNX Runtime would take on trust: a
 * fault of its native code ends the whole process.
 * @throws CodedError BUNDLE_UNREADABLE, BUNDLE_HASH_MISMATCH, MODEL_TOO_LARGE and those of {@link checkedModel}
 */
export async function readModel(path: string, expected: ExpectedModel): Promise<Uint8Array> {
  const bytes = await bytesOf(path, "BUNDLE_UNREADABLE");
  const sha256 = sha256Of(bytes);
  if (sha256 !== expected.sha256) {
    throw new CodedError(
      "BUNDLE_HASH_MISMATCH",
      `model.onnx has sha256 ${sha256}, model.json says ${expected.sha256}`,
      { at: path },
    );
  }
  return checkedModel(bytes, expected.input, path);
}

/**
 * The same model, encoded anew from the parts that were checked: a runtime never sees bytes that were not.
 * @throws CodedError MODEL_UNREADABLE, MODEL_EXTERNAL_DATA, MODEL_OPERATOR_REFUSED, MODEL_TENSOR_INVALID or MODEL_INTERFACE_MISMATCH
 */
export function checkedModel(bytes: Uint8Array, input: ExpectedModel["input"], at: string): Uint8Array {
  const refuse = refusal(at);
  const { model, graph, constants } = checkedParts(bytes, refuse);
  checkInterface(graph, constants, input, refuse);
  return encoded(model);
}

/**
 * The bytes of somebody else's model, whatever its inputs and outputs, fit for a session all the same.
 * @throws CodedError MODEL_FILE_UNREADABLE, MODEL_TOO_LARGE and those of {@link checkedModel} but for its interface
 */
export async function readForeignModel(path: string): Promise<{ readonly model: Uint8Array; readonly sha256: string }> {
  const bytes = await bytesOf(path, "MODEL_FILE_UNREADABLE");
  return { model: encoded(checkedParts(bytes, refusal(path)).model), sha256: sha256Of(bytes) };
}

const encoded = (model: Model): Uint8Array =>
  ModelProto.encode({ ...model, opsetImport: (model.opsetImport ?? []).filter(isKnownDomain) }).finish();

function checkedParts(bytes: Uint8Array, refuse: Refuse) {
  const { model, graph } = decodedModel(bytes, refuse);
  const constants = new Map<string, Tensor>();
  for (const tensor of graph.initializer ?? []) {
    checkTensor(tensor, refuse);
    constants.set(tensor.name ?? "", tensor);
  }
  if ((graph.node ?? []).length > MOST_NODES) throw refuse("MODEL_TOO_LARGE", `more than ${MOST_NODES} operators`);
  for (const node of graph.node ?? []) checkNode(node, constants, refuse);
  return { model, graph, constants };
}

async function bytesOf(path: string, unreadable: ErrorCode): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw refusal(path)("MODEL_TOO_LARGE", `${size} bytes, the limit is ${MOST_BYTES}`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw refusal(path)(unreadable, `cannot read the model: ${messageOf(error)}`);
  }
}

const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

function refusal(at: string): Refuse {
  return (code, message) => new CodedError(code, message, { at });
}

/**
 * The messages of a model, without what no model may have.
 * @throws CodedError MODEL_UNREADABLE, MODEL_OPERATOR_REFUSED
 */
export function decodedModel(bytes: Uint8Array, refuse: Refuse): { readonly model: Model; readonly graph: Graph } {
  let model: Model;
  try {
    model = ModelProto.toObject(ModelProto.decode(bytes)) as Model;
  } catch (error) {
    throw refuse("MODEL_UNREADABLE", `not an ONNX model: ${messageOf(error)}`);
  }
  const { graph } = model;
  if (graph === undefined) throw refuse("MODEL_UNREADABLE", "not an ONNX model: it has no graph");
  const foreign = [
    ["functions of its own", model.functions],
    ["a training step", model.trainingInfo],
    ["sparse tensors", graph.sparseInitializer],
  ] as const;
  for (const [what, list] of foreign) {
    if ((list ?? []).length > 0) throw refuse("MODEL_OPERATOR_REFUSED", `it has ${what}`);
  }
  return { model, graph };
}

function isKnownDomain({ domain = "" }: { readonly domain?: string }): boolean {
  return OPERATORS.has(domain);
}
