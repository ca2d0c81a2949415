import convict from "convict";
import type { Leaf, List, Names, Node, Section, Variants } from "./declare.js";
import { mask, maskText } from "./mask.js";
import type { Problem } from "./problems.js";
import { nearest } from "./suggest.js";
import { isTree, itemName, join, type Tree } from "./tree.js";
import { readYaml } from "./yaml.js";

/**
 * Holds what was read against its declaration and fills in the defaults.
 * @returns the whole value where `problems` is empty; otherwise only the problems count
 */
export function validate(
  declared: Section,
  given: unknown,
  hostname: string,
): { readonly value: unknown; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const value = new Validation(hostname, problems).section(declared, given, "");
  return { value, problems };
}

class Validation {
  readonly #hostname: string;
  readonly #problems: Problem[];

  constructor(hostname: string, problems: Problem[]) {
    this.#hostname = hostname;
    this.#problems = problems;
  }

  section(declared: Section, given: unknown, path: string): Tree {
    if (!isTree(given)) {
      this.#wrongShape(path, "must be a mapping");
      return {};
    }
    this.#reportUnknown(declared, given, path);
    const leaves = this.#leaves(declared, given, path);
    const branches = Object.entries(declared.keys).flatMap(([key, node]): (readonly [string, unknown])[] => {
      if (node.kind === "leaf") return [];
      const at = join(path, key);
      const value = Object.hasOwn(given, key) ? given[key] : undefined;
      if (value !== undefined) return [[key, this.#branch(node, value, at)]];
      if (node.kind !== "section") this.#report("CONFIG_VALUE_MISSING", at, "is missing", remedyFor(node));
      else if (!node.optional) return [[key, this.section(node, {}, at)]];
      return [];
    });
    return { ...leaves, ...Object.fromEntries(branches) };
  }

  #branch(node: Exclude<Node, Leaf>, given: unknown, path: string): unknown {
    switch (node.kind) {
      case "section":
        return this.section(node, given, path);
      case "names":
        if (isTree(given)) {
          const each = ([name, value]: [string, unknown]) => [name, this.section(node.each, value, join(path, name))];
          return Object.fromEntries(Object.entries(given).map(each));
        }
        return this.#wrongShape(path, "must be a mapping of names");
      case "list":
        if (Array.isArray(given)) {
          if (given.length === 0) this.#report("CONFIG_VALUE_MISSING", path, "is empty", remedyFor(node));
          return given.map((item, index) => this.section(node.each, item, join(path, itemName(given, index))));
        }
        return this.#wrongShape(path, "must be a list");
      case "variants":
        return this.#variant(node, given, path);
    }
  }

  #variant(node: Variants, given: unknown, path: string): unknown {
    if (!isTree(given)) return this.#wrongShape(path, "must be a mapping with a type");
    const { type, ...rest } = given;
    if (typeof type === "string" && Object.hasOwn(node.kinds, type)) {
      return { type, ...this.section(node.kinds[type]!, rest, path) };
    }
    const [code, message] =
      type === undefined
        ? (["CONFIG_VALUE_MISSING", "is missing"] as const)
        : (["CONFIG_VALUE_INVALID", "is none that Retort knows"] as const);
    this.#report(code, `${path}.type`, message, remedyFor(node));
    return {};
  }

  /** One convict instance over the values of one mapping: the defaults, what is given over them, each format asked. */
  #leaves(declared: Section, given: Tree, path: string): Tree {
    const leaves = Object.entries(declared.keys).flatMap(([key, node]) =>
      node.kind === "leaf" ? [[key, node] as const] : [],
    );
    const check = (key: string, leaf: Leaf, value: unknown): void => {
      const fault = faultOf(leaf, key, value);
      if (fault !== null) this.#problems.push({ ...fault, path: join(path, key) });
    };
    const givenLeaves = leaves.filter(([key]) => Object.hasOwn(given, key));
    // convict takes a mapping for a part of the schema: it gets none.
    const mappings = givenLeaves.filter(([key]) => isTree(given[key]));
    for (const [key, leaf] of mappings) check(key, leaf, given[key]);
    // convict turns text into the type of its default ("80x" into 80, "no" into true), and a wrong type must be an error:
    // so it is given none, and the defaults are loaded as the lowest layer.
    const others = leaves.filter((leaf) => !mappings.includes(leaf));
    const settings = convict<Tree>(
      Object.fromEntries(
        others.map(([key, leaf]) => {
          const format = (value: unknown) => check(key, leaf, value);
          return [key, { doc: leaf.doc, default: null, format }];
        }),
      ),
    );
    settings.load(Object.fromEntries(others.map(([key, leaf]) => [key, this.#defaultOf(leaf)])));
    settings.load(
      pick(
        given,
        givenLeaves.filter((leaf) => !mappings.includes(leaf)).map(([key]) => key),
      ),
    );
    settings.validate();
    const values: Tree = {
      ...settings.getProperties(),
      ...pick(
        given,
        mappings.map(([key]) => key),
      ),
    };
    // What is optional is absent, and not null, where it is not given.
    return pick(
      values,
      leaves.filter(([key, leaf]) => !(leaf.optional && values[key] === null)).map(([key]) => key),
    );
  }

  #defaultOf(leaf: Leaf): unknown {
    return typeof leaf.default === "function" ? leaf.default(this.#hostname) : leaf.default;
  }

  #reportUnknown(declared: Section, given: Tree, path: string): void {
    const names = Object.keys(declared.keys);
    for (const key of Object.keys(given).filter((each) => !Object.hasOwn(declared.keys, each))) {
      // No more than its first word: `{ password hunter2 }`, a colon forgotten, is a key too.
      const [word = ""] = /^[\w.-]*/.exec(key) ?? [];
      const shown = join(path, word === key ? key : `${word}...`);
      this.#report("CONFIG_KEY_UNKNOWN", shown, "is not a known key", meant(key, names));
    }
  }

  #wrongShape(path: string, message: string): undefined {
    this.#report("CONFIG_VALUE_INVALID", path, message, "See config/example.yaml.");
  }

  #report(code: Problem["code"], path: string, message: string, remedy: string): void {
    this.#problems.push({ code, path, message, remedy });
  }
}

function remedyFor(node: Names | List | Variants): string {
  if (node.kind === "variants") return `Give it a type: ${Object.keys(node.kinds).join(", ")}.`;
  return "Add at least one, as config/example.yaml does.";
}

function meant(key: string, names: readonly string[]): string {
  if (key.toLowerCase() === "password" && names.includes("passwordFile")) {
    return "Put the password into a file, and the file's name under passwordFile.";
  }
  const near = nearest(key, names);
  if (near !== undefined) return `Did you mean ${near}?`;
  return names.length === 0 ? "Remove it." : `Known here: ${names.join(", ")}.`;
}

function pick(tree: Tree, keys: readonly string[]): Tree {
  return Object.fromEntries(keys.map((key) => [key, tree[key]]));
}

type Fault = Omit<Problem, "path">;

function faultOf({ format, nullable }: Leaf, key: string, value: unknown): Fault | null {
  if (value === null || value === undefined) {
    if (nullable) return null;
    return { code: "CONFIG_VALUE_MISSING", message: "is missing", remedy: `Give it ${format.expected}.` };
  }
  if (format.accepts(value)) return null;
  const code = "CONFIG_VALUE_INVALID";
  if (isTree(value)) return { code, message: "must not be a mapping", remedy: `Give it ${format.expected}.` };
  const written = JSON.stringify(value);
  const shown = maskText(JSON.stringify(mask({ [key]: value })).slice(JSON.stringify(key).length + 2, -1));
  const credentials = typeof value === "string" && maskText(written) !== written;
  const remedy = credentials
    ? "Take user and password out of it: the user goes into username, the password into a file named by passwordFile."
    : quoteRemedy(format, value);
  return { code, message: `must be ${format.expected}, not ${shorten(shown)}`, remedy };
}

/** YAML reads 7 as a number and "7" as text: which of them is meant is for the quotes to say. */
function quoteRemedy(format: Leaf["format"], value: unknown): string {
  if (typeof value === "string") {
    const unquoted = readYaml(value).value;
    if (typeof unquoted !== "string" && format.accepts(unquoted)) return `Take the quotes away: ${value}.`;
  } else if (format.accepts(String(value))) return `Put it in quotes, as in "${String(value)}".`;
  return "Change the value.";
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
