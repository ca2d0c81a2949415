import { CodedError } from "../../../errors.js";
import type { EmbeddedNetwork, ForeignNode } from "../../graph/embedded.js";
import type { Attribute as GraphAttribute } from "../../graph/graph.js";
import { type Attribute, type Graph, type Model, type Node, type Refuse, toNumber } from "../check/messages.js";
import { checkNode } from "../check/node.js";
import { checkTensor } from "../check/tensor.js";
import { decodedModel } from "../checked-model.js";
import { type Constant, constantOf } from "./constant.js";
import { atOurOpset, NEWEST_OPSET, OLDEST_OPSET } from "./opset.js";

/** Names of outputs that a message lists. */
const MOST_NAMED = 20;

/**
 * The part of an ONNX model that yields three of its values, checked, and rewritten in our opset.
 * @param taps names of its outputs, or of values inside
 * @throws CodedError TEACHER_UNFIT, MODEL_UNREADABLE, MODEL_EXTERNAL_DATA, MODEL_OPERATOR_REFUSED, MODEL_TENSOR_INVALID
 */
export function foreignNetwork(
  bytes: Uint8Array,
  taps: readonly [string, string, string],
  at: string,
): EmbeddedNetwork {
  const refuse: Refuse = (code, message) =>
    new CodedError(code, message, { at, ...(code === "TEACHER_UNFIT" ? {} : { remedy: REMEDY }) });
  const { model, graph } = decodedModel(bytes, refuse);
  const opset = opsetOf(model, refuse);
  requireTaps(graph, taps, refuse);
  const needed = nodesOf(graph, taps);
  const names = new Set(needed.flatMap(({ input = [] }) => input));
  const tensors = new Map(
    (graph.initializer ?? []).flatMap((tensor) => (names.has(tensor.name ?? "") ? [[tensor.name ?? "", tensor]] : [])),
  );
  for (const tensor of tensors.values()) checkTensor(tensor, refuse);
  const sizes = new Map(tensors);
  for (const node of needed) checkNode(node, sizes, refuse);
  try {
    const constants = new Map([...tensors].map(([name, tensor]) => [name, constantOf(tensor)]));
    const nodes = rewritten(needed, constants, opset);
    const input = inputOf(graph, needed, constants, refuse);
    requireOrder(nodes, [input, ...constants.keys()], taps);
    const used = new Set(nodes.flatMap(({ inputs }) => inputs));
    return {
      ...{ input, taps, nodes },
      constants: new Map([...constants].filter(([name]) => used.has(name))),
    };
  } catch (error) {
    if (error instanceof TypeError)
      throw new CodedError("TEACHER_UNFIT", `the ONNX teacher cannot be embedded: ${error.message}`, {
        at,
        remedy: REMEDY,
      });
    throw error;
  }
}

const REMEDY =
  "Export it anew with PyTorch: torch.onnx.export(model.eval(), image, FILE, opset_version=17, dynamo=False), its tensors inside.";

function opsetOf({ opsetImport = [] }: Model, refuse: Refuse): number {
  const version = opsetImport.find(({ domain = "" }) => domain === "" || domain === "ai.onnx")?.version;
  const opset = version === undefined ? 0 : toNumber(version);
  if (opset >= OLDEST_OPSET && opset <= NEWEST_OPSET) return opset;
  throw refuse(
    "TEACHER_UNFIT",
    `it is of ONNX opset ${opset}; teachers are read of ${OLDEST_OPSET} to ${NEWEST_OPSET}`,
  );
}

function requireTaps({ node = [], output = [] }: Graph, taps: readonly string[], refuse: Refuse): void {
  const made = new Set(node.flatMap(({ output: outputs = [] }) => outputs));
  const missing = taps.filter((name) => name === "" || !made.has(name));
  if (missing.length === 0) return;
  const known = output.map(({ name = "" }) => name.slice(0, 100));
  const rest = known.length > MOST_NAMED ? ` and ${known.length - MOST_NAMED} more` : "";
  const named = missing.map((name) => JSON.stringify(name.slice(0, 100))).join(", ");
  throw refuse(
    "TEACHER_UNFIT",
    `it makes no ${named}; its outputs are ${known.slice(0, MOST_NAMED).join(", ")}${rest}`,
  );
}

/** The nodes that the taps depend on, in their order, which ONNX has topological. */
function nodesOf({ node = [] }: Graph, taps: readonly string[]): readonly Node[] {
  const needed = new Set(taps);
  const kept = [...node].reverse().filter(({ input = [], output = [] }) => {
    const used = output.some((name) => name !== "" && needed.has(name));
    if (used) for (const name of input) needed.add(name);
    return used;
  });
  return kept.reverse();
}

/** The name of the one image that the nodes depend on. */
function inputOf(
  { input = [] }: Graph,
  nodes: readonly Node[],
  constants: ReadonlyMap<string, Constant>,
  refuse: Refuse,
): string {
  const made = new Set(nodes.flatMap(({ output = [] }) => output));
  const asked = new Set(nodes.flatMap(({ input: inputs = [] }) => inputs));
  const open = [...asked].filter((name) => name !== "" && !made.has(name) && !constants.has(name));
  const [name = ""] = open;
  const value = input.find((each) => each.name === name);
  if (open.length !== 1 || value === undefined) {
    throw refuse(
      "TEACHER_UNFIT",
      `its taps depend on ${open.length} inputs (${open.slice(0, 5).join(", ").slice(0, 300)}), not on one image`,
    );
  }
  const { elemType = 0, shape } = value.type?.tensorType ?? {};
  const dims = shape?.dim?.map(({ dimValue }) => (dimValue === undefined ? null : toNumber(dimValue)));
  if (![1, 10, 11].includes(elemType))
    throw refuse("TEACHER_UNFIT", `its image is of type ${elemType}, not of floating-point numbers`);
  if (dims !== undefined && (dims.length !== 4 || (dims[1] ?? 3) !== 3)) {
    const shown = dims.map((dim) => dim ?? "?").join(", ");
    throw refuse(
      "TEACHER_UNFIT",
      `its image is [${shown}]; it must be [N, 3, H, W]: pictures, channels, height, width`,
    );
  }
  return name;
}

/** Refuses nodes of which one takes what none before it makes: a circle, or what rewriting left out. */
function requireOrder(nodes: readonly ForeignNode[], given: readonly string[], taps: readonly string[]): void {
  const made = new Set(["", ...given]);
  for (const { op, inputs, outputs } of nodes) {
    const missing = inputs.find((name) => !made.has(name));
    if (missing !== undefined)
      throw new TypeError(`${op} takes ${missing.slice(0, 100)}, which nothing before it makes`);
    for (const name of outputs) made.add(name);
  }
  const missing = taps.find((name) => !nodes.some(({ outputs }) => outputs.includes(name)));
  if (missing !== undefined) throw new TypeError(`${missing.slice(0, 100)} is no map`);
}

function rewritten(nodes: readonly Node[], constants: Map<string, Constant>, opset: number): readonly ForeignNode[] {
  const taken = new Set([
    ...constants.keys(),
    ...nodes.flatMap(({ input = [], output = [] }) => [...input, ...output]),
  ]);
  const fresh = (): string => {
    let index = taken.size;
    while (taken.has(`retort:${index}`)) index += 1;
    taken.add(`retort:${index}`);
    return `retort:${index}`;
  };
  const add = (constant: Constant): string => {
    const name = fresh();
    constants.set(name, constant);
    return name;
  };
  const rewriting = { opset, fresh, add, constant: (name: string) => constants.get(name) };
  const made = new Set(constants.keys());
  return nodes.flatMap((node) => {
    const { opType: op = "", domain = "", input = [], output = [], attribute = [] } = node;
    if (domain !== "" && domain !== "ai.onnx")
      throw new TypeError(`operator ${domain}.${op} is of no standard`.slice(0, 200));
    for (const name of output) {
      if (name !== "" && made.has(name)) throw new TypeError(`value ${name.slice(0, 100)} is made twice`);
      made.add(name);
    }
    if (op === "Constant") {
      constants.set(output[0] ?? "", constantIn(attribute));
      return [];
    }
    const outputs = output.map((name) => (name === "" ? fresh() : name));
    const attributes = Object.fromEntries(attribute.map((each) => [each.name ?? "", attributeOf(op, each)]));
    return atOurOpset({ op, inputs: input, outputs, attributes }, rewriting);
  });
}

function constantIn(attributes: readonly Attribute[]): Constant {
  const [{ name, t, f, i, floats, ints } = {}] = attributes;
  if (name === "value" && t !== undefined) return constantOf(t);
  if (name === "value_float" && f !== undefined) return { data: Float32Array.of(f), shape: [] };
  if (name === "value_int" && i !== undefined) return { data: BigInt64Array.of(BigInt(toNumber(i))), shape: [] };
  if (name === "value_floats") return { data: Float32Array.from(floats ?? []), shape: [floats?.length ?? 0] };
  if (name === "value_ints") {
    const values = (ints ?? []).map((value) => BigInt(toNumber(value)));
    return { data: BigInt64Array.from(values), shape: [values.length] };
  }
  throw new TypeError(`a Constant holds ${String(name).slice(0, 100)}`);
}

/** An attribute in the kinds that our graphs have. */
function attributeOf(op: string, { name = "", type, f, i, s, ints, floats }: Attribute): GraphAttribute {
  if (type === 1 || (type === undefined && f !== undefined)) return { float: f ?? 0 };
  if (type === 2 || (type === undefined && i !== undefined)) return i === undefined ? 0 : toNumber(i);
  if (type === 3 || (type === undefined && s !== undefined)) return new TextDecoder().decode(s ?? new Uint8Array());
  if (type === 7 || (type === undefined && floats === undefined)) return (ints ?? []).map(toNumber);
  throw new TypeError(`${op}: attribute ${name.slice(0, 100)} is of a kind that teachers need not have`);
}
