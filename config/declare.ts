/** The vocabulary of the schema: what a configuration may hold, and the TypeScript type that follows from it. */
import { type Format, oneOf } from "./formats.js";
import { isTree } from "./tree.js";

/** One value, with all that is to be known about it. */
export interface Leaf<Value = unknown, Optional extends boolean = boolean> {
  readonly kind: "leaf";
  /** One line for the documents, the example and editors. */
  readonly doc: string;
  readonly format: Format<Value>;
  /** A function of the host's name; null: there is none. */
  readonly default: Value | null | ((hostname: string) => Value);
  /** In the place of the default's value, for readers. */
  readonly defaultShown?: string;
  readonly required: boolean;
  /** Whether null stands for "not given". */
  readonly nullable: boolean;
  /** Whether the key is absent where it is not given. */
  readonly optional: Optional;
  /** What the annotated example shows; the default, where there is none. */
  readonly example?: Value;
}

export interface Section<Keys extends Branches = Branches, Optional extends boolean = boolean> {
  readonly kind: "section";
  readonly doc: string;
  readonly keys: Keys;
  /** Whether it is absent where it is not given; else it is there, filled with its defaults. */
  readonly optional: Optional;
}

/** A mapping of names, which the user chooses, to things of one kind. */
export interface Names<Each extends Section = Section> {
  readonly kind: "names";
  readonly doc: string;
  readonly each: Each;
}

/** A list of things with an `id`. */
export interface List<Each extends Section = Section> {
  readonly kind: "list";
  readonly doc: string;
  readonly each: Each;
}

/** A mapping whose `type` decides which keys it has. */
export interface Variants<Kinds extends Readonly<Record<string, Section>> = Readonly<Record<string, Section>>> {
  readonly kind: "variants";
  readonly doc: string;
  readonly kinds: Kinds;
}

export type Node = Leaf | Section | Names | List | Variants;

export interface Branches {
  readonly [key: string]: Node;
}

/** The type of what a node declares. */
export type ValueOf<Declared> =
  Declared extends Leaf<infer Value>
    ? Value
    : Declared extends Section<infer Keys>
      ? KeysOf<Keys>
      : Declared extends Names<infer Each>
        ? Readonly<Record<string, ValueOf<Each>>>
        : Declared extends List<infer Each>
          ? readonly ValueOf<Each>[]
          : Declared extends Variants<infer Kinds>
            ? { [Type in keyof Kinds]: Plain<{ readonly type: Type } & ValueOf<Kinds[Type]>> }[keyof Kinds]
            : never;

type KeysOf<Keys> = Plain<
  { readonly [Key in keyof Keys as Keys[Key] extends { optional: true } ? never : Key]: ValueOf<Keys[Key]> } & {
    readonly [Key in keyof Keys as Keys[Key] extends { optional: true } ? Key : never]?: ValueOf<Keys[Key]>;
  }
>;

/** An intersection as one type, for readable errors. */
type Plain<Type> = { [Key in keyof Type]: Type[Key] };

interface Shown<Value> {
  readonly example?: Value;
  readonly defaultShown?: string;
}

/** A value with a default. */
export function setting<Value>(
  value: NoInfer<Value> | ((hostname: string) => NoInfer<Value>),
  format: Format<Value>,
  doc: string,
  shown: Shown<NoInfer<Value>> = {},
): Leaf<Value, false> {
  return { kind: "leaf", doc, format, default: value, required: false, nullable: false, optional: false, ...shown };
}

/** A value that has to be given. */
export function required<Value>(
  format: Format<Value>,
  doc: string,
  shown: Shown<NoInfer<Value>> = {},
): Leaf<Value, false> {
  return { kind: "leaf", doc, format, default: null, required: true, nullable: false, optional: false, ...shown };
}

/** A value that is null where it is not given. */
export function nullable<Value>(
  format: Format<Value>,
  doc: string,
  shown: Shown<NoInfer<Value>> = {},
): Leaf<Value | null, false> {
  return { kind: "leaf", doc, format, default: null, required: false, nullable: true, optional: false, ...shown };
}

/** A value whose key is absent where it is not given. */
export function optional<Value>(
  format: Format<Value>,
  doc: string,
  shown: Shown<NoInfer<Value>> = {},
): Leaf<Value, true> {
  return { kind: "leaf", doc, format, default: null, required: false, nullable: true, optional: true, ...shown };
}

export function section<Keys extends Branches>(doc: string, keys: Keys): Section<Keys, false> {
  return { kind: "section", doc, keys, optional: false };
}

export function optionalSection<Keys extends Branches>(doc: string, keys: Keys): Section<Keys, true> {
  return { kind: "section", doc, keys, optional: true };
}

export function names<Each extends Section>(doc: string, each: Each): Names<Each> {
  return { kind: "names", doc, each };
}

export function list<Each extends Section>(doc: string, each: Each): List<Each> {
  return { kind: "list", doc, each };
}

export function variants<Kinds extends Readonly<Record<string, Section>>>(doc: string, kinds: Kinds): Variants<Kinds> {
  return { kind: "variants", doc, kinds };
}

/** The keys of all kinds, and the `type`: which kind it is may change with the value that is looked up. */
export function anyKind({ kinds }: Variants): Section {
  const types = Object.keys(kinds);
  const keys = Object.values(kinds).map((kind) => kind.keys);
  return section("", { type: required(oneOf(...types), "one of the kinds"), ...Object.assign({}, ...keys) });
}

/** Whether a value is all that its declaration says: what is loaded is known to have the type. */
export function conforms<Declared extends Node>(declared: Declared, value: unknown): value is ValueOf<Declared> {
  return holds(declared, value);
}

function holds(node: Node, value: unknown): boolean {
  switch (node.kind) {
    case "leaf":
      return node.format.accepts(value) || (node.nullable && !node.optional && value === null);
    case "section":
      return (
        isTree(value) &&
        Object.keys(value).every((key) => Object.hasOwn(node.keys, key)) &&
        Object.entries(node.keys).every(([key, child]) =>
          value[key] === undefined ? "optional" in child && child.optional : holds(child, value[key]),
        )
      );
    case "names":
      return isTree(value) && Object.values(value).every((each) => holds(node.each, each));
    case "list":
      return Array.isArray(value) && value.every((each) => holds(node.each, each));
    case "variants": {
      if (!isTree(value) || typeof value.type !== "string" || !Object.hasOwn(node.kinds, value.type)) return false;
      const { type, ...rest } = value;
      return holds(node.kinds[type as string]!, rest);
    }
  }
}
