import type { Node, Tensor } from "../onnx/check/messages.js";
import { assemble, consumersIn, floatsIn, nodeOf, type Parts, takeApart } from "../onnx/parts.js";
import { DATA_TYPE, NARROW_TYPE } from "../onnx/schema.js";
import { toHalf } from "../weights/half.js";
import type { Histogram } from "./histogram.js";
import { layersIn } from "./layers.js";

/** Operators that take and yield float16 where all that they take is float16 already. */
const BETWEEN = new Set(["Add", "Concat", "MaxPool", "Relu"]);
/** The greatest float16 is 65504: a layer that comes within half of it on good parts would overflow on others. */
const MOST = 32_000;

/**
 * The bytes of a float32 model with its layers in float16, but for those whose weights it cannot hold; what they take and yield on pictures is
 * not known, so that its scores are to be compared. Null where the model has no layers that could be.
 * @param bytes of a checked model
 */
export function modelInHalves(bytes: Uint8Array): Uint8Array | null {
  const parts = takeApart(bytes);
  const layers = halfLayers(parts, new Map());
  return layers.size === 0 ? null : assemble(withHalves(parts, layers));
}

/** Names of the layers that float16 can hold: whose weights, and what they take and yield on good parts, are far from its greatest number. */
export function halfLayers(parts: Parts, histograms: ReadonlyMap<string, Histogram>): ReadonlySet<string> {
  const holds = (value: string): boolean => {
    const range = histograms.get(value)?.range;
    return range === undefined || (range.most < MOST && range.least > -MOST);
  };
  const holdsConstant = (name: string): boolean => {
    const tensor = parts.constants.get(name);
    return tensor === undefined || (floatsIn(tensor)?.every((each) => Math.abs(each) < MOST) ?? true);
  };
  const layers = layersIn(parts).filter(
    ({ input, output, weight, bias }) => holds(input) && holds(output) && holdsConstant(weight) && holdsConstant(bias),
  );
  return new Set(layers.map(({ name }) => name));
}

/**
 * The model with these layers, and what lies between them, in float16. Each value is cast once, where it crosses: `NAME/half` is its float16, and
 * the name itself its float32.
 */
export function withHalves(parts: Parts, chosen: ReadonlySet<string>): Parts {
  const layers = new Map(layersIn(parts).map((layer) => [layer.node, layer]));
  const consumers = consumersIn(parts);
  const constants = new Map<string, Tensor>(parts.constants);
  /** Values that there are in float16. */
  const halved = new Set<string>();
  const nodes: Node[] = [];
  const half = (name: string): string => `${name}/half`;
  const isHalf = (node: Node): boolean => {
    const layer = layers.get(node);
    if (layer !== undefined) return chosen.has(layer.name);
    return BETWEEN.has(node.opType ?? "") && (node.input ?? []).every((name) => halved.has(name));
  };
  /** Nodes by whether they are computed in float16; settled in their order, for it depends on what came before. */
  const computedHalf = new Map<Node, boolean>();
  for (const node of parts.nodes) {
    const isOne = isHalf(node);
    computedHalf.set(node, isOne);
    if (isOne) for (const name of node.output ?? []) halved.add(name);
  }
  const cast = new Set<string>();
  for (const node of parts.nodes) {
    if (computedHalf.get(node) !== true) {
      nodes.push(node);
      continue;
    }
    const input = (node.input ?? []).map((name) => {
      const constant = parts.constants.get(name);
      if (name === "") return name;
      if (constant !== undefined) {
        constants.set(half(name), halfConstant(constant, half(name)));
      } else if (!halved.has(name) && !cast.has(name)) {
        cast.add(name);
        nodes.push(nodeOf("Cast", [name], half(name), { to: NARROW_TYPE.float16 }));
      }
      return half(name);
    });
    const [output = ""] = node.output ?? [];
    nodes.push({ ...node, input, output: [half(output)] });
    const isRead =
      parts.outputs.some(({ name }) => name === output) ||
      (consumers.get(output) ?? []).some((taker) => computedHalf.get(taker) !== true);
    if (isRead) nodes.push(nodeOf("Cast", [half(output)], output, { to: DATA_TYPE.float32 }));
  }
  return { ...parts, nodes, constants };
}

function halfConstant(tensor: Tensor, name: string): Tensor {
  const halves = toHalf(floatsIn(tensor) ?? new Float32Array());
  const rawData = new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength);
  return { name, dims: tensor.dims ?? [], dataType: NARROW_TYPE.float16, rawData };
}
