import type { ForeignNode } from "../../graph/embedded.js";
import type { Constant } from "./constant.js";

/** Opsets that teachers may be of. */
export const OLDEST_OPSET = 7;
export const NEWEST_OPSET = 23;

/** What a node's rewriting may look at and add to. */
export interface Rewriting {
  /** The opset that the node is of. */
  readonly opset: number;
  /** A constant of the network. */
  constant(name: string): Constant | undefined;
  /** Adds a constant; its name. */
  add(constant: Constant): string;
  /** A name that no value has. */
  fresh(): string;
}

/**
 * Operators that mean in opset 17, which our graphs are of, what they mean from the opset here on (onnx/docs/Changelog.md); what later ones
 * changed of them is in {@link REWRITTEN} or concerns types alone.
 */
const SAME: ReadonlyMap<string, number> = new Map(
  `Abs 6, Add 7, AveragePool 7, Ceil 6, Concat 4, ConstantOfShape 9, Conv 1, ConvTranspose 1, DepthToSpace 1, Div 7, Elu 6, Erf 9, Exp 6,
  Expand 8, Flatten 1, Floor 6, Gather 1, Gemm 7, GlobalAveragePool 1, GlobalMaxPool 1, HardSigmoid 6, HardSwish 14, Identity 1,
  InstanceNormalization 6, LRN 1, LayerNormalization 17, LeakyRelu 6, Log 6, MatMul 1, Max 8, MaxPool 1, Mean 8, Min 8, Mul 7, Neg 6,
  PRelu 7, Pow 7, Reciprocal 6, Relu 6, Reshape 5, Selu 6, Shape 1, Sigmoid 6, Softmax 13, Softplus 1, Softsign 1, SpaceToDepth 1, Sqrt 6,
  Sub 7, Sum 8, Tanh 6, Tile 6, Transpose 1, Where 9`
    .split(",")
    .map((each) => each.trim().split(" "))
    .map(([op = "", since]) => [op, Number(since)]),
);

type Rewrite = (node: ForeignNode, rewriting: Rewriting) => readonly ForeignNode[];

/** Attributes that became inputs with an opset, in the order of those. */
const inputsSince =
  (
    since: number,
    attributes: readonly (readonly [name: string, type: "ints" | "float", fallback?: number])[],
  ): Rewrite =>
  (node, { opset, add }) => {
    if (opset >= since) return [node];
    const rest = { ...node.attributes };
    const inputs = [...node.inputs];
    for (const [name, type, fallback] of attributes) {
      const value = rest[name] ?? (fallback === undefined ? undefined : { float: fallback });
      delete rest[name];
      if (value === undefined) inputs.push("");
      else if (typeof value === "object" && "float" in value)
        inputs.push(add({ data: Float32Array.of(value.float), shape: [] }));
      else {
        if (type === "float" || typeof value !== "object")
          throw new TypeError(`${node.op}: attribute ${name} is malformed`);
        inputs.push(add({ data: BigInt64Array.from(value, BigInt), shape: [value.length] }));
      }
    }
    while (inputs.at(-1) === "") inputs.pop();
    return [{ ...node, inputs, attributes: rest }];
  };

/** Reductions take their axes as an input from opset 18 on. */
const reduction: Rewrite = (node, { opset, constant }) => {
  if (opset < 18) return [node];
  const [x = "", axes = ""] = node.inputs;
  const { noop_with_empty_axes: noop = 0, ...attributes } = node.attributes;
  if (noop !== 0) throw new TypeError(`${node.op}: noop_with_empty_axes is not supported`);
  if (axes === "") return [{ ...node, inputs: [x], attributes }];
  const values = constant(axes)?.data;
  if (!(values instanceof BigInt64Array)) throw new TypeError(`${node.op}: its axes are computed`);
  return [{ ...node, inputs: [x], attributes: { ...attributes, axes: Array.from(values, Number) } }];
};

const FLOATS = [1, 10, 11, 16];
const WHOLE = [6, 7];

const REWRITTEN: Readonly<Record<string, Rewrite>> = {
  BatchNormalization(node) {
    const { epsilon = { float: 1e-5 }, spatial = 1, training_mode: training = 0 } = node.attributes;
    if (spatial !== 1) throw new TypeError("BatchNormalization: spatial is 0");
    if (training !== 0) throw new TypeError("BatchNormalization is in training mode: export the network with eval()");
    return [{ ...node, outputs: node.outputs.slice(0, 1), attributes: { epsilon } }];
  },
  Cast(node) {
    const { to } = node.attributes;
    const type = FLOATS.includes(Number(to)) ? 1 : WHOLE.includes(Number(to)) ? 7 : null;
    if (type === null) throw new TypeError(`Cast to type ${String(to)} is not supported`);
    return [{ ...node, attributes: { to: type } }];
  },
  Clip: inputsSince(11, [
    ["min", "float", -3.4028234663852886e38],
    ["max", "float", 3.4028234663852886e38],
  ]),
  // Outside training a Dropout does nothing, whatever its ratio.
  Dropout: ({ inputs, outputs }) => [
    { op: "Identity", inputs: inputs.slice(0, 1), outputs: outputs.slice(0, 1), attributes: {} },
  ],
  Gelu({ inputs, outputs, attributes }, { add, fresh }) {
    if ((attributes.approximate ?? "none") !== "none") throw new TypeError("Gelu: its approximation is not supported");
    const [x = ""] = inputs;
    const [scaled, erf, shifted, half] = [fresh(), fresh(), fresh(), fresh()];
    const scalar = (value: number) => add({ data: Float32Array.of(value), shape: [] });
    const node = (op: string, from: readonly string[], to: string): ForeignNode => ({
      op,
      inputs: from,
      outputs: [to],
      attributes: {},
    });
    return [
      node("Mul", [x, scalar(Math.SQRT1_2)], scaled),
      node("Erf", [scaled], erf),
      node("Add", [erf, scalar(1)], shifted),
      node("Mul", [x, scalar(0.5)], half),
      { op: "Mul", inputs: [half, shifted], outputs, attributes: {} },
    ];
  },
  Pad: inputsSince(11, [
    ["pads", "ints"],
    ["value", "float", 0],
  ]),
  ReduceSum: inputsSince(13, [["axes", "ints"]]),
  Resize(node, { opset }) {
    if (opset < 11) throw new TypeError(`Resize of opset ${opset} means something else than later ones`);
    const { antialias = 0, keep_aspect_ratio_policy: policy = "stretch", axes, ...attributes } = node.attributes;
    if (antialias !== 0 || policy !== "stretch" || axes !== undefined)
      throw new TypeError("Resize: antialias, axes and policies are not supported");
    return [{ ...node, attributes }];
  },
  Slice: inputsSince(10, [
    ["starts", "ints"],
    ["ends", "ints"],
    ["axes", "ints"],
  ]),
  Split(node, rewriting) {
    const { num_outputs: _, ...attributes } = node.attributes;
    return inputsSince(13, [["split", "ints"]])({ ...node, attributes }, rewriting);
  },
  Squeeze: inputsSince(13, [["axes", "ints"]]),
  Unsqueeze: inputsSince(13, [["axes", "ints"]]),
};

const REDUCTIONS = new Set(
  "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare".split(" "),
);

/**
 * A node as opset 17 writes it; composites as several.
 * @throws TypeError for an operator or attribute that is not known, in words
 */
export function atOurOpset(node: ForeignNode, rewriting: Rewriting): readonly ForeignNode[] {
  const { op } = node;
  const rewrite = REWRITTEN[op] ?? (REDUCTIONS.has(op) ? reduction : undefined);
  if (rewrite !== undefined) return rewrite(node, rewriting);
  const since = SAME.get(op);
  if (since === undefined) throw new TypeError(`operator ${op.slice(0, 100)} is none that teachers may have here`);
  if (rewriting.opset < since) {
    throw new TypeError(`operator ${op} of opset ${rewriting.opset} means something else than from opset ${since} on`);
  }
  return [node];
}
