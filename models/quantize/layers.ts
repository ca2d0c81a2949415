import { MEMORY_PROJECTION } from "../network/memory.js";
import type { Node } from "../onnx/check/messages.js";
import { toNumber } from "../onnx/check/messages.js";
import { consumersIn, integersOf, type Parts } from "../onnx/parts.js";

/** A convolution, plain or transposed, that can be computed in whole numbers. */
export interface Layer {
  /** Its weight's name without the ending; of a weight that several nodes take, `NAME@2` from the second on. */
  readonly name: string;
  readonly node: Node;
  /** The value that it takes, by name. */
  readonly input: string;
  readonly weight: string;
  /** "" without one. */
  readonly bias: string;
  /** What it yields, behind its ReLU where that is all that takes it: in whole numbers a ReLU is where the range begins. */
  readonly output: string;
  readonly relu: boolean;
}

/** A convolution to fewer channels yields no features but a map, or smooths one: it stays float32. */
const FEWEST_CHANNELS = 8;

/** The convolutions of a model's networks in topological order; those of a memory of good pictures, and of maps, are none. */
export function layersIn(parts: Parts): readonly Layer[] {
  const consumers = consumersIn(parts);
  const times = new Map<string, number>();
  const nameOf = (weight: string): string => {
    const time = (times.get(weight) ?? 0) + 1;
    times.set(weight, time);
    return `${weight.replace(/\.weight$/, "")}${time === 1 ? "" : `@${time}`}`;
  };
  return parts.nodes.flatMap((node): readonly Layer[] => {
    const [input = "", weight = "", bias = ""] = node.input ?? [];
    const { dims = [], dataType } = parts.constants.get(weight) ?? {};
    const sizes = dims.map(toNumber);
    if (dataType !== 1 || sizes.length !== 4 || weight === MEMORY_PROJECTION) return [];
    if (bias !== "" && parts.constants.get(bias)?.dataType !== 1) return [];
    if (node.opType === "Conv" ? sizes[0]! < FEWEST_CHANNELS : !isDoubling(node, sizes)) return [];
    return [{ name: nameOf(weight), node, input, weight, bias, ...joinedWithRelu(node, parts, consumers) }];
  });
}

/** What a node yields, behind its ReLU where that alone takes it. */
export function joinedWithRelu(
  { output = [] }: Node,
  { outputs }: Parts,
  consumers: ReadonlyMap<string, readonly Node[]>,
): { readonly output: string; readonly relu: boolean } {
  const own = output[0] ?? "";
  const takers = consumers.get(own) ?? [];
  const [first] = takers;
  const alone = takers.length === 1 && first?.opType === "Relu" && !outputs.some(({ name }) => name === own);
  return alone ? { output: first.output?.[0] ?? "", relu: true } : { output: own, relu: false };
}

/** Whether a node is RD4AD's transposed convolution, whose 2 x 2 squares do not overlap: a plain one to four times the channels, woven. */
function isDoubling(node: Node, [, , height, width]: readonly number[]): boolean {
  const plain = (name: string, value: number) => integersOf(node, name, [value]).every((each) => each === value);
  return (
    node.opType === "ConvTranspose" &&
    [height, width].every((side) => side === 2) &&
    integersOf(node, "strides", [1]).every((stride) => stride === 2) &&
    plain("pads", 0) &&
    plain("output_padding", 0) &&
    plain("dilations", 1) &&
    plain("group", 1)
  );
}
