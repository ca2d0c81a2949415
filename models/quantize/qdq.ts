import type { Node, Tensor } from "../onnx/check/messages.js";
import { toNumber } from "../onnx/check/messages.js";
import { consumersIn, floatsIn, nodeOf, type Parts, tensorOf } from "../onnx/parts.js";
import { joinedWithRelu, type Layer, layersIn } from "./layers.js";
import { weaving } from "./weaving.js";
import { activationScale, type Scale, type ValueRange, wholeWeights } from "./whole-numbers.js";

/** Operators that ONNX Runtime computes in whole numbers between two that do. */
const BETWEEN = new Set(["Add", "Concat", "MaxPool"]);
/** Those that only pick from what they take: what they yield has its scale. */
const PICKING = new Set(["MaxPool"]);

/** What is computed in whole numbers. */
export interface Plan {
  /** By name. */
  readonly layers: ReadonlySet<string>;
  /** Of each of {@link wholeValues}, by name. */
  readonly ranges: ReadonlyMap<string, ValueRange>;
  /** Height and width of what each transposed convolution takes, by the value's name. */
  readonly sizes: ReadonlyMap<string, readonly [height: number, width: number]>;
}

/** The values that are whole numbers where these layers are: what they take and yield, and what lies between them. */
export function wholeValues(parts: Parts, chosen: ReadonlySet<string>): ReadonlySet<string> {
  const layers = new Map(layersIn(parts).map((layer) => [layer.node, layer]));
  const consumers = consumersIn(parts);
  const found = new Set<string>();
  const isWhole = (node: Node): boolean => {
    const layer = layers.get(node);
    return layer === undefined ? BETWEEN.has(node.opType ?? "") : chosen.has(layer.name);
  };
  for (const node of parts.nodes) {
    const layer = layers.get(node);
    if (layer !== undefined && chosen.has(layer.name)) {
      found.add(layer.input);
      found.add(layer.output);
    }
    if (!BETWEEN.has(node.opType ?? "") || !(node.input ?? []).every((name) => found.has(name))) continue;
    const { output } = joinedWithRelu(node, parts, consumers);
    if ((consumers.get(output) ?? []).some(isWhole)) found.add(output);
  }
  return found;
}

/**
 * The model with pairs of QuantizeLinear and DequantizeLinear around the plan's layers, which ONNX Runtime makes operators on whole numbers of.
 * Weights are int8 with a scale for each output, activations uint8, biases int32.
 */
export function withWholeNumbers(parts: Parts, plan: Plan): Parts {
  const whole = wholeValues(parts, plan.layers);
  const layers = new Map(layersIn(parts).map((layer) => [layer.node, layer]));
  const scales = scalesOf(parts, whole, plan.ranges);
  const constants = new Map(parts.constants);
  const add = (tensor: Tensor): string => {
    constants.set(tensor.name ?? "", tensor);
    return tensor.name ?? "";
  };
  const read = (name: string): string => (whole.has(name) ? `${name}/read` : name);
  const nodes: Node[] = [];
  const produced = new Set<string>();
  const pairs = (value: string, { scale, zero }: Scale, as = read(value)): readonly Node[] => {
    const by = [
      add(tensorOf(`${value}/scale`, Float32Array.of(scale), [])),
      add(tensorOf(`${value}/zero`, Uint8Array.of(zero), [])),
    ];
    return [
      nodeOf("QuantizeLinear", [value, ...by], `${value}/whole`),
      nodeOf("DequantizeLinear", [`${value}/whole`, ...by], as),
    ];
  };
  const emit = (value: string): void => {
    const scale = scales.get(value);
    if (scale === undefined || produced.has(value)) return;
    produced.add(value);
    nodes.push(...pairs(value, scale));
  };
  for (const { name = "" } of parts.inputs) emit(name);
  const woven = new Set<string>();
  for (const node of parts.nodes) {
    const [output = ""] = node.output ?? [];
    if (woven.has(output)) continue;
    const layer = layers.get(node);
    if (layer === undefined || !plan.layers.has(layer.name)) {
      nodes.push({ ...node, input: (node.input ?? []).map(read) });
    } else {
      const taken = scales.get(layer.input)!;
      const [height, width] = plan.sizes.get(layer.input) ?? [0, 0];
      const { weight, outputs, kernel, bias } = rowsOf(layer, parts);
      const made = wholeWeights(weight, bias, taken.scale);
      const dequantized = (name: string, data: Int8Array | Int32Array, dims: readonly number[], per: Float32Array) => {
        const zeros = data instanceof Int8Array ? new Int8Array(outputs) : new Int32Array(outputs);
        const by = [add(tensorOf(`${name}/scales`, per, [outputs])), add(tensorOf(`${name}/zeros`, zeros, [outputs]))];
        nodes.push(
          nodeOf("DequantizeLinear", [add(tensorOf(`${name}/whole`, data, dims)), ...by], `${name}/read`, { axis: 0 }),
        );
        return `${name}/read`;
      };
      const products = made.scales.map((scale) => scale * taken.scale);
      const input = [
        read(layer.input),
        dequantized(`${layer.name}.weight`, made.weights, kernel, made.scales),
        dequantized(`${layer.name}.bias`, made.bias, [outputs], products),
      ];
      if (node.opType === "Conv") nodes.push({ ...node, input });
      else {
        const scale = scales.get(layer.output)!;
        const steps = weaving(input, layer, { channels: outputs / 4, height, width });
        for (const shape of steps.shapes) add(shape);
        for (const step of steps.nodes) {
          nodes.push(step);
          const [made = ""] = step.output ?? [];
          if (steps.paired.has(made)) nodes.push(...pairs(made, scale, `${made}/read`));
        }
        if (layer.relu) woven.add(layer.output);
        emit(layer.output);
        continue;
      }
    }
    emit(output);
  }
  return { ...parts, nodes, constants };
}

function scalesOf(
  parts: Parts,
  whole: ReadonlySet<string>,
  ranges: ReadonlyMap<string, ValueRange>,
): ReadonlyMap<string, Scale> {
  const scales = new Map<string, Scale>();
  for (const name of whole) {
    const range = ranges.get(name);
    if (range === undefined) throw new TypeError(`the range of ${name} was not measured`);
    scales.set(name, activationScale(range));
  }
  for (const { opType = "", input = [], output = [] } of parts.nodes) {
    const taken = scales.get(input[0] ?? "");
    if (PICKING.has(opType) && taken !== undefined && scales.has(output[0] ?? "")) scales.set(output[0] ?? "", taken);
  }
  return scales;
}

/** A layer's weight with its outputs first; a transposed one's as that of the plain convolution that {@link weaving} is of. */
function rowsOf({ node, weight, bias }: Layer, { constants }: Parts) {
  const tensor = constants.get(weight)!;
  const values = floatsIn(tensor)!;
  const dims = (tensor.dims ?? []).map(toNumber);
  const shift = bias === "" ? null : floatsIn(constants.get(bias)!);
  if (node.opType === "Conv") {
    const [outputs = 1] = dims;
    return { weight: values, outputs, kernel: dims, bias: shift ?? new Float32Array(outputs) };
  }
  const [inputs = 1, channels = 1] = dims;
  const outputs = 4 * channels;
  const rows = new Float32Array(values.length);
  for (let input = 0; input < inputs; input += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      for (let corner = 0; corner < 4; corner += 1) {
        rows[(corner * channels + channel) * inputs + input] = values[(input * channels + channel) * 4 + corner]!;
      }
    }
  }
  const repeated = Float32Array.from({ length: outputs }, (_, at) => shift?.[at % channels] ?? 0);
  return { weight: rows, outputs, kernel: [outputs, inputs, 1, 1], bias: repeated };
}
