/** A mapping as YAML gives it, before it is checked. */
export type Tree = Readonly<Record<string, unknown>>;

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/**
 * The upper layer over the lower one, mapping by mapping. Lists are replaced, and so is the mapping of models: a
 * configuration that names its own has no use for the shipped one.
 */
export function overlay(lower: Tree, upper: Tree): Tree {
  const above = Object.entries(upper).map(([key, value]) => {
    const below = Object.hasOwn(lower, key) ? lower[key] : undefined;
    return [key, isTree(below) && isTree(value) && key !== "models" ? overlay(below, value) : value] as const;
  });
  // Not by assignment: a key `__proto__` would change what the mapping is, instead of being refused as unknown.
  return Object.fromEntries([...Object.entries(lower), ...above]);
}

/** A copy with one value replaced; missing mappings on the way are made. */
export function assign(tree: Tree, path: readonly string[], value: unknown): Tree {
  return put(tree, path, value) as Tree;
}

function put(node: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(node)) {
    const items: unknown[] = [...node];
    items[Number(key)] = put(items[Number(key)], rest, value);
    return items;
  }
  const tree = isTree(node) ? node : {};
  return { ...tree, [key]: put(tree[key], rest, value) };
}
