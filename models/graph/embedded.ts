import type { Attribute, ConstantData, Graph, Value } from "./graph.js";

/** A node of somebody else's network, its values by their names there; "" where an optional input is left out. */
export interface ForeignNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A frozen network that is not ours: operators of the opset that our graphs are of, in topological order. */
export interface EmbeddedNetwork {
  /** Its image, float32 [N, 3, H, W]. */
  readonly input: string;
  /** Its feature maps, fine to coarse. */
  readonly taps: readonly [string, string, string];
  readonly nodes: readonly ForeignNode[];
  readonly constants: ReadonlyMap<string, { readonly data: ConstantData; readonly shape: readonly number[] }>;
}

/** Stands before all names of an embedded network; none of ours begins with it. */
const PREFIX = "teacher/";

/**
 * Puts a foreign network into a graph, once a graph.
 * @param shapes of its taps
 * @returns its taps
 */
export function embed(
  g: Graph,
  { input, taps, nodes, constants }: EmbeddedNetwork,
  image: Value,
  shapes: readonly [Value["shape"], Value["shape"], Value["shape"]],
): readonly [Value, Value, Value] {
  const values = new Map<string, Value>([[input, image]]);
  for (const [name, { data, shape }] of constants) values.set(name, g.constant(data, shape, PREFIX + name));
  const shapeOf = new Map(taps.map((name, index) => [name, shapes[index]!]));
  // Nothing here computes with what lies between its image and its taps: only the runtime knows their types and shapes.
  const named = (name: string): Value => ({ name: PREFIX + name, type: "float32", shape: shapeOf.get(name) ?? ["?"] });
  for (const { op, inputs, outputs, attributes } of nodes) {
    const taken = inputs.map((name) =>
      name === "" ? { name, type: "float32" as const, shape: [] } : values.get(name)!,
    );
    const given = outputs.map(named);
    outputs.forEach((name, index) => void values.set(name, given[index]!));
    g.insert({ op, domain: "", inputs: taken, outputs: given, attributes, body: [] });
  }
  const [fine, middle, coarse] = taps.map((name) => values.get(name)!);
  return [fine!, middle!, coarse!];
}
