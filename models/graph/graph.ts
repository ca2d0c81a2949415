/** A size: a number, or a name for one that is known only at run time (`N`: images in the batch). */
export type Dim = number | string;
export type Shape = readonly Dim[];
export type DataType = "float32" | "uint8" | "int64" | "bool";

export interface Value {
  readonly name: string;
  readonly type: DataType;
  readonly shape: Shape;
}

/** The value of an operator's attribute. A plain number is an ONNX int, `{ float }` an ONNX float. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface Node {
  readonly op: string;
  /** "" for ONNX's own operators. */
  readonly domain: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** The operators that a composite stands for; empty for a plain operator. */
  readonly body: readonly Node[];
}

export type ConstantData = Float32Array | BigInt64Array | Uint8Array;

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly type?: DataType;
  /** The output's name; made up unless given. An output of the whole graph needs one. */
  readonly name?: string;
  readonly domain?: string;
  /** Types of further outputs that the operator must have, though nothing uses them; their shape is the first one's. */
  readonly unused?: readonly DataType[];
}

/** A dataflow graph of ONNX operators: values know their shapes, nodes are in topological order by construction. */
export class Graph {
  readonly name: string;
  readonly inputs: Value[] = [];
  readonly outputs: Value[] = [];
  readonly constants = new Map<string, { readonly value: Value; readonly data: ConstantData }>();
  #collecting: Node[] = [];
  readonly #top = this.#collecting;
  #count = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** The nodes in topological order, composites whole. */
  get nodes(): readonly Node[] {
    return this.#top;
  }

  /** The nodes that the outputs depend on, in topological order, every composite replaced by its body. */
  flatNodes(): Node[] {
    const flatten = (node: Node): Node[] => (node.body.length > 0 ? node.body.flatMap(flatten) : [node]);
    const needed = new Set(this.outputs.map((value) => value.name));
    const kept = this.#top
      .flatMap(flatten)
      .reverse()
      .filter((node) => {
        const used = node.outputs.some((output) => needed.has(output.name));
        if (used) for (const input of node.inputs) needed.add(input.name);
        return used;
      });
    return kept.reverse();
  }

  input(name: string, type: DataType, shape: Shape): Value {
    const value = { name, type, shape };
    this.inputs.push(value);
    return value;
  }

  /** A tensor stored in the model. */
  constant(data: ConstantData, shape: readonly number[], name?: string): Value {
    const type = data instanceof Float32Array ? "float32" : data instanceof BigInt64Array ? "int64" : "uint8";
    const value: Value = { name: name ?? this.#fresh("const"), type, shape };
    this.constants.set(value.name, { value, data });
    return value;
  }

  scalar(number: number): Value {
    return this.sharedConstant(`scalar:${number}`, () => [Float32Array.of(number), []]);
  }

  /** A 1-d int64 constant: axes, shapes, slice bounds. */
  integers(...numbers: number[]): Value {
    return this.sharedConstant(`integers:${numbers.join(",")}`, () => [
      BigInt64Array.from(numbers, BigInt),
      [numbers.length],
    ]);
  }

  /** A tensor stored once however often it is asked for. */
  sharedConstant(name: string, make: () => [ConstantData, readonly number[]]): Value {
    const existing = this.constants.get(name);
    if (existing !== undefined) return existing.value;
    const [data, shape] = make();
    return this.constant(data, shape, name);
  }

  /** One operator with one output. */
  node(op: string, inputs: readonly Value[], shape: Shape, options: NodeOptions = {}): Value {
    const output: Value = {
      name: options.name ?? this.#fresh(op),
      type: options.type ?? inputs[0]?.type ?? "float32",
      shape,
    };
    const { attributes = {}, domain = "", unused = [] } = options;
    const outputs = [output, ...unused.map((type) => ({ name: this.#fresh(op), type, shape }))];
    this.#collecting.push({ op, domain, inputs, outputs, attributes, body: [] });
    return output;
  }

  /** A node that was made elsewhere, whose values are known by other names than this graph gives. */
  insert(node: Node): void {
    this.#collecting.push(node);
  }

  /**
   * Several operators that differentiation (gradients.ts) sees as one node named `op`, because their derivative is shorter as a
   * whole. `build` yields the outputs: the value itself, then others that the derivative makes use of.
   */
  composite<Outputs extends readonly [Value, ...Value[]]>(
    op: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>>,
    build: () => Outputs,
  ): Outputs {
    const outer = this.#collecting;
    const body: Node[] = [];
    this.#collecting = body;
    const outputs = build();
    this.#collecting = outer;
    outer.push({ op, domain: "", inputs, outputs, attributes, body });
    return outputs;
  }

  output(value: Value): Value {
    this.outputs.push(value);
    return value;
  }

  #fresh(stem: string): string {
    this.#count += 1;
    return `${stem}:${this.#count}`;
  }
}

/**
 * The product of sizes.
 * @throws TypeError for one that is known only at run time
 */
export function sizeOf(shape: Shape): number {
  return shape.reduce<number>((product, dim) => product * fixed(dim), 1);
}

/**
 * A size that must be known now.
 * @throws TypeError for one that is known only at run time
 */
export function fixed(dim: Dim | undefined): number {
  if (typeof dim === "number") return dim;
  throw new TypeError(`size ${String(dim)} is known only at run time`);
}

/**
 * An attribute of a node that holds a whole number.
 * @throws TypeError if it is absent or holds something else
 */
export function integerOf({ op, attributes }: Node, name: string): number {
  const value = attributes[name];
  if (typeof value === "number") return value;
  throw new TypeError(`${op}: attribute ${name} is no number`);
}

/**
 * An attribute of a node that holds whole numbers, one per axis or place.
 * @throws TypeError if it is absent or holds something else
 */
export function integersOf({ op, attributes }: Node, name: string): readonly number[] {
  const value = attributes[name];
  if (typeof value === "object" && !("float" in value)) return value;
  throw new TypeError(`${op}: attribute ${name} is no list of numbers`);
}
